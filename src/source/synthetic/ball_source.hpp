// ball_source.hpp - synthetic:ball, a bouncing ball whose place is known.
#pragma once

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "frame/frame_pool.hpp"
#include "source/synthetic/ball_scene.hpp"

namespace lenswire::source::synthetic {

struct BallOptions {
  std::uint32_t width = 400;
  std::uint32_t height = 400;
  double rate_hz = 30;
  std::uint64_t seed = 1;
};

/// One stream, "color". The ball of the frame with sequence n is at BallScene::center(n).
class BallSource final : public Source {
 public:
  BallSource(const BallOptions& options, const base::Clock& clock);

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;

 private:
  const BallOptions options_;
  const base::Clock& clock_;
  const BallScene scene_;
  StreamProfilePtr profile_;
  frame::FramePool pool_;
  std::uint64_t next_number_ = 0;  // of the thread inside run()
};

}  // namespace lenswire::source::synthetic
