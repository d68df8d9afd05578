// A pushed stream as strangers send it, in any pieces: how it is cut must not change what it means.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "wire/mjpeg_push/push_reader.hpp"

namespace push = lenswire::wire::mjpeg_push;

namespace {

std::vector<std::string> told(std::span<const std::byte> bytes, std::size_t piece) {
  std::vector<std::string> seen;
  push::PushReader reader;
  while (!bytes.empty()) {
    auto now = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(now.size());
    while (true) {
      const auto step = reader.read(now);
      if (!step) {
        seen.emplace_back("error");
        return seen;
      }
      if (*step == push::PushReader::Step::End) return seen;
      if (*step == push::PushReader::Step::NeedMore) {
        if (!now.empty()) std::abort();
        break;
      }
      if (*step == push::PushReader::Step::Head) {
        seen.push_back(reader.head().target + '\n' + reader.head().stream_id);
      } else {
        const auto picture = reader.picture();
        seen.emplace_back(reinterpret_cast<const char*>(picture.data()), picture.size());
      }
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says in which pieces the rest comes.
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  if (told(bytes, std::size_t{data[0]} + 1) != told(bytes, std::max<std::size_t>(bytes.size(), 1)))
    std::abort();
  return 0;
}
