#include "source/synthetic/ball_source.hpp"

#include "base/stop_token.hpp"
#include "source/frame_pacer.hpp"

namespace lenswire::source::synthetic {

BallSource::BallSource(const BallOptions& options, const base::Clock& clock)
    : options_(options), clock_(clock), scene_(options.width, options.height, options.seed) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = "color";
  profile->kind = StreamKind::Color;
  profile->format = PixelFormat::RGB8;
  profile->width = options.width;
  profile->height = options.height;
  profile->rate_hz = options.rate_hz;
  profile_ = std::move(profile);
}

Result<void> BallSource::run(SourceSink& sink, const base::StopToken& stop) {
  sink.opened({"synthetic ball", std::to_string(options_.seed), {}, {profile_}, {}});
  FramePacer pacer(clock_, options_.rate_hz, next_number_);
  while (const auto tick = pacer.next(stop)) {
    auto frame = pool_.acquire(profile_);
    scene_.render(tick->number, frame->data);
    frame->sequence = tick->number;
    frame->capture_time = tick->due;
    frame->arrival_time = clock_.now();
    const auto [x, y] = scene_.center(tick->number);
    frame->annotations.add({AnnotationKind::Ball, static_cast<double>(x), static_cast<double>(y),
                            static_cast<double>(kBallRadiusPx)});
    next_number_ = tick->number + 1;
    sink.frame(std::move(frame));
  }
  return {};
}

}  // namespace lenswire::source::synthetic
