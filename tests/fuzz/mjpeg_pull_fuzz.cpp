// An HTTP answer with a stream of pictures, in pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "wire/mjpeg_pull/part_reader.hpp"
#include "wire/mjpeg_pull/response_head.hpp"

namespace pull = lenswire::wire::mjpeg_pull;

namespace {

std::vector<std::size_t> pictures_of(std::span<const std::byte> bytes, std::size_t piece) {
  pull::ResponseHead head;
  pull::PartReader parts;
  bool in_body = false;
  std::vector<std::size_t> out;
  while (!bytes.empty()) {
    auto now = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(now.size());
    while (!now.empty()) {
      const auto step = in_body ? parts.read(now) : head.read(now);
      if (!step) return out;
      if (*step && in_body) {
        if (parts.picture().size() != parts.head().length) std::abort();
        out.push_back(parts.picture().size());
      }
      in_body = in_body || *step;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  if (pictures_of(bytes, std::size_t{data[0]} + 1) != pictures_of(bytes, bytes.size() + 1))
    std::abort();
  return 0;
}
