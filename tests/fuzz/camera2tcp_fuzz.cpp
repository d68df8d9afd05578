// What clients send to the Camera2TCP door, in pieces, and what servers say of their geometry.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <lenswire/frame.hpp>

#include "wire/camera2tcp/decode.hpp"
#include "wire/camera2tcp/encode.hpp"

namespace {

using namespace lenswire::wire::camera2tcp;

void require(bool holds) {
  if (!holds) std::abort();
}

// All words that come out when the bytes arrive `step` at a time.
std::vector<Request> words(std::span<const std::byte> bytes, std::size_t step) {
  std::vector<Request> found;
  RequestParser parser;
  const auto keep = [&](const Request& request) {
    if (request.kind != Request::Kind::Unknown) found.push_back(request);
  };
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(step, bytes.size()));
    const auto taken = parser.feed(piece);
    require(taken > 0);
    bytes = bytes.subspan(taken);
    while (const auto request = parser.next()) keep(*request);
    require(parser.kept_bytes() < geometry_request(Service::KinectSkeleton).size());
    require((parser.open() == RequestParser::Open::Nothing) == (parser.kept_bytes() == 0));
  }
  for (int turns = 0; parser.kept_bytes() > 0; ++turns) {
    require(turns < 64);
    if (const auto request = parser.settle()) keep(*request);
    while (const auto request = parser.next()) keep(*request);
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto at_once = words(bytes, kMaxRequestBytes);
  require(words(bytes, 1) == at_once);
  require(words(bytes, 7) == at_once);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto service : {Service::RgbWebcam, Service::KinectDepth}) {
    const auto geometry = parse_geometry(service, text);
    if (!geometry) continue;
    require(picture_bytes(service, *geometry) <= lenswire::kMaxFrameBytes);
    require(parse_geometry(service, geometry_answer(service, *geometry)).value() == *geometry);
  }
  return 0;
}
