// The arguments of the native op `subscribe`, and what they make of a stream's profile.
#include <cstdint>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "server/subscribe_request.hpp"
#include "wire/depth_limit.hpp"
#include "wire/lwp/decode.hpp"

using namespace lenswire;

namespace {

StreamProfile profile_of(StreamKind kind, PixelFormat format) {
  StreamProfile profile;
  profile.stream = "stream";
  profile.kind = kind;
  profile.format = format;
  profile.width = 640;
  profile.height = 480;
  profile.rate_hz = 30;
  profile.intrinsics = Intrinsics{640, 480, 600, 600, 320, 240, DistortionModel::None, {}};
  return profile;
}

void read(const nlohmann::json& map) {
  static const StreamProfile profiles[] = {profile_of(StreamKind::Depth, PixelFormat::Z16),
                                           profile_of(StreamKind::Color, PixelFormat::YUYV),
                                           profile_of(StreamKind::Color, PixelFormat::MJPEG)};
  for (const auto& profile : profiles) {
    const auto request = server::parse_subscribe(map, profile);
    if (!request) continue;
    const auto delivered = hub::delivered_profile(profile, request->wish);
    if (delivered && (delivered->width > profile.width || delivered->height > profile.height ||
                      delivered->width == 0 || delivered->height == 0))
      std::abort();
    hub::DeliveryQueue queue(request->delivery);
    auto frame = std::make_shared<Frame>();
    frame->profile = std::make_shared<StreamProfile>(profile);
    for (std::uint64_t i = 0; i < 3; ++i) {
      frame->sequence = i;
      frame->capture_time = MonotonicTime(Nanoseconds(static_cast<std::int64_t>(i) * 33'000'000));
      auto encoded = std::make_shared<hub::EncodedFrame>();
      encoded->source = frame;
      queue.offer(encoded);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto map = wire::lwp::decode_map(std::as_bytes(std::span(data, size)))) read(*map);
  if (const auto map = wire::parse_json_object({reinterpret_cast<const char*>(data), size}))
    read(*map);
  return 0;
}
