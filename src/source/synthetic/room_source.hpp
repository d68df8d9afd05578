// room_source.hpp - synthetic:room, an RGB-D camera in a room where things move.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "codec/codec.hpp"
#include "frame/frame_pool.hpp"
#include "frame/image.hpp"
#include "source/control_bank.hpp"
#include "source/synthetic/room_renderer.hpp"

namespace lenswire::source::synthetic {

struct RoomOptions {
  std::uint32_t width = 640;
  std::uint32_t height = 480;
  double rate_hz = 30;
  std::uint64_t seed = 1;
  RoomLook look;
  PixelFormat color_format = PixelFormat::RGB8;
  bool has_color = true;
  bool has_depth = true;
  std::size_t figures = 0;  ///< people, instead of the other things that move
};

/// Streams "depth" (Z16, mm) and "color"; with people also "skeleton_truth", their true joints
/// (pixels of the colour picture, metres in the depth camera's frame). Frame n of a stream has
/// sequence n, for as long as the object lives; a frame that could not be made in time is left out.
class RoomSource final : public Source {
 public:
  RoomSource(const RoomOptions& options, const base::Clock& clock);

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<std::vector<Control>> controls() override;
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override;

 private:
  struct Present {
    RoomLook look;
    double speed = 1;  // 0 where nothing moves
  };
  Present present(std::uint64_t frame_number) LENSWIRE_EXCLUDES(mutex_);
  void tell_changes(SourceSink& sink) LENSWIRE_EXCLUDES(mutex_);
  Result<void> paint(const RoomMoment& moment, Frame& frame);
  void publish_truth(SourceSink& sink, const RoomMoment& moment, MonotonicTime capture_time);
  void publish(SourceSink& sink, std::shared_ptr<Frame> frame, std::uint64_t number,
               MonotonicTime capture_time) const;

  const RoomOptions options_;
  const base::Clock& clock_;
  StreamProfilePtr depth_profile_;
  StreamProfilePtr color_profile_;
  StreamProfilePtr truth_profile_;
  frame::FramePool depth_pool_;
  frame::FramePool color_pool_;
  frame::FramePool truth_pool_;

  // Of the thread inside run().
  std::unique_ptr<RoomRenderer> renderer_;
  std::unique_ptr<codec::Encoder> encoder_;  // of MJPEG
  frame::Image unencoded_;
  Skeleton truth_;
  std::uint64_t next_number_ = 0;
  std::uint64_t scene_us_ = 0;

  base::Mutex mutex_;
  ControlBank bank_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Control> changed_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::source::synthetic
