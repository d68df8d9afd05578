#include "bench/bench_source.hpp"

#include <array>
#include <random>

#include "base/stop_token.hpp"
#include "bench/bare_server.hpp"

namespace lenswire::bench {
namespace {

constexpr std::size_t kFrames = kFrameBuffers;

class BenchSource final : public Source {
 public:
  BenchSource(StreamProfilePtr profile, std::size_t bytes, const base::Clock& clock)
      : profile_(std::move(profile)), clock_(clock) {
    std::mt19937 random(1);
    for (auto& frame : frames_) {
      frame = std::make_shared<Frame>();
      frame->profile = profile_;
      frame->stride_bytes = packed_stride(profile_->format, profile_->width);
      frame->data.resize(bytes);
      for (auto& byte : frame->data) byte = static_cast<std::byte>(random() & 0x7f);
    }
  }

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    sink.opened({"bench", "", "", {profile_}, {}});
    const auto period = Nanoseconds(static_cast<std::int64_t>(1e9 / profile_->rate_hz));
    auto due = clock_.now();
    for (std::uint64_t sequence = 0;; ++sequence) {
      due += period;
      if (stop.wait_until(due)) return {};
      auto& frame = frames_.at(sequence % kFrames);
      // Still on its way to somebody: lost, as a driver without a free buffer loses a frame.
      if (frame.use_count() > 1) continue;
      frame->sequence = sequence;
      frame->capture_time = clock_.now();
      frame->arrival_time = frame->capture_time;
      sink.frame(frame);
      if (clock_.now() > due + period) due = clock_.now();
    }
  }

 private:
  StreamProfilePtr profile_;
  const base::Clock& clock_;
  std::array<std::shared_ptr<Frame>, kFrames> frames_;
};

Result<std::unique_ptr<Source>> make(base::SourceUri uri, const source::SourceContext& context) {
  auto profile = std::make_shared<StreamProfile>();
  const bool depth = uri.path == "depth";
  if (!depth && uri.path != "jpeg")
    return fail(ErrorCode::InvalidArgument, "bench: knows depth and jpeg");
  const auto size = uri.options.size("size", {640, 480}, 4096);
  const auto rate = uri.options.number("fps", 30, 1, 100000);
  const auto bytes = uri.options.integer("bytes", 76000, 1, 1 << 24);
  if (!size || !rate || !bytes) return fail(ErrorCode::InvalidArgument, "bench: bad option");
  profile->stream = depth ? "depth" : "color";
  profile->kind = depth ? StreamKind::Depth : StreamKind::Color;
  profile->format = depth ? PixelFormat::Z16 : PixelFormat::JPEG;
  profile->width = size->width;
  profile->height = size->height;
  profile->rate_hz = *rate;
  profile->depth_unit_m = depth ? 0.001 : 0;
  const auto frame_size =
      depth ? std::size_t{2} * size->width * size->height : static_cast<std::size_t>(*bytes);
  return std::make_unique<BenchSource>(profile, frame_size, context.clock);
}

}  // namespace

source::SourceKind bench_source_kind() noexcept {
  return {"bench", "frames made before, for benchmarks", "bench:jpeg?bytes=76000", make};
}

}  // namespace lenswire::bench
