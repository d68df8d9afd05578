// The arguments of the native ops `subscribe` and `set_profile`, and what they make of a profile.
#include <cstdint>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "server/profile_request.hpp"
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

hub::Wish without_region(hub::Wish wish) {
  wish.region.reset();
  return wish;
}

// Whatever is taken must come out of the URI as it went in, and beside nothing else.
void change_profile(const nlohmann::json& map) {
  const auto changes = server::parse_profile_request(map);
  if (!changes) return;
  auto uri = base::SourceUri::parse(base::with_options("v4l2:/dev/video0?fps=5&index=1", *changes));
  if (!uri || uri->path != "/dev/video0" || uri->options.text("index", "") != "1") std::abort();
  for (const auto& [key, value] : *changes)
    if ((key != "size" && key != "fps" && key != "format") || uri->options.text(key, "") != value)
      std::abort();
  [[maybe_unused]] const auto fps = uri->options.text("fps", "");
  if (!uri->options.finish("")) std::abort();
}

void read(const nlohmann::json& map) {
  change_profile(map);
  static const StreamProfile profiles[] = {profile_of(StreamKind::Depth, PixelFormat::Z16),
                                           profile_of(StreamKind::Color, PixelFormat::YUYV),
                                           profile_of(StreamKind::Color, PixelFormat::MJPEG)};
  for (const auto& profile : profiles) {
    const auto request = server::parse_subscribe(map, profile);
    if (!request) continue;
    // A region that was asked for before the picture became smaller must fit in any case.
    StreamProfile smaller = profile;
    smaller.width = 37;
    smaller.height = 5;
    const auto wish = hub::fitted(request->wish, smaller);
    if (wish.region && wish.region->width > 0 && wish.region->height > 0 &&
        hub::delivered_profile(smaller, wish).has_value() !=
            hub::delivered_profile(smaller, without_region(wish)).has_value())
      std::abort();
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
