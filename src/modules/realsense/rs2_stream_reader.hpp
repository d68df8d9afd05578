// rs2_stream_reader.hpp - from the library's frames to ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <lenswire/frame.hpp>

#include "base/clock.hpp"
#include "frame/frame_pool.hpp"
#include "modules/realsense/rs2_library.hpp"
#include "source/device_clock.hpp"
#include "source/frame_numbers.hpp"

namespace lenswire::realsense {

/// Reads the frames of one stream: pixels, number, times, conditions.
///
/// Threading: thread-bound to the thread inside run().
class StreamReader {
 public:
  /// `library`, `clock` and `pool` outlive it.
  StreamReader(const Library& library, const base::Clock& clock, frame::FramePool& pool,
               StreamProfilePtr profile);

  [[nodiscard]] const StreamProfilePtr& profile() const noexcept { return profile_; }
  void set_profile(StreamProfilePtr profile) { profile_ = std::move(profile); }

  /// A new run of the device begins: its numbers may begin anew, ours go on.
  void restart() noexcept { numbers_.restart(); }

  /// Errors: Truncated for a frame that is not what its profile says; those of the library.
  Result<FramePtr> read(const rs2_frame* from);

 private:
  struct Stamps {
    double timestamp_ms = 0;
    ClockDomain domain = ClockDomain::System;
    std::optional<std::int64_t> readout_us;  // of the device's clock
    std::optional<std::int64_t> middle_us;
  };
  Result<void> copy_pixels(const rs2_frame* from, Frame& to) const;
  Result<Stamps> read_stamps(const rs2_frame* from) const;
  void read_conditions(const rs2_frame* from, Frame& to) const;
  void stamp(const Stamps& stamps, Frame& frame);
  [[nodiscard]] std::optional<std::int64_t> metadata(const rs2_frame* from, Metadata what) const;

  const Library& library_;
  const base::Clock& clock_;
  frame::FramePool& pool_;
  StreamProfilePtr profile_;
  Nanoseconds frame_time_;
  source::DeviceClock device_clock_;
  source::FrameNumbers numbers_;
};

}  // namespace lenswire::realsense
