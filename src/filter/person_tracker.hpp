// person_tracker.hpp - who is who from frame to frame, with steady joints.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <lenswire/skeleton.hpp>
#include <lenswire/time.hpp>

#include "filter/one_euro.hpp"

namespace lenswire::filter {

struct TrackerSettings {
  bool steady = true;  ///< One-Euro filters on every joint; without, joints stay as they were found
  /// How long somebody may be out of sight and keep the id; in any case until a frame lacks them,
  /// however slowly frames come.
  Nanoseconds patience = std::chrono::milliseconds(800);
};

/// Gives persons the ids that they had in the frame before, and steadies their joints: pixels and
/// metres each with a One-Euro filter.
///
/// A person is the one before whose joints lie nearest, as long as that is within about half a
/// body.
///
/// Threading: thread-bound.
class PersonTracker {
 public:
  explicit PersonTracker(const TrackerSettings& settings = {}) : settings_(settings) {}

  /// Frames come in order of time.
  void track(std::vector<Person>& persons, MonotonicTime capture_time);

 private:
  struct JointFilter {
    JointFilter() noexcept;
    OneEuroFilter x_px, y_px, x_m, y_m, z_m;
    MonotonicTime seen{};    // the pixel filters' last value
    MonotonicTime lifted{};  // the metre filters' last value
  };
  struct Track {
    Person person;  // as found last, before steadying
    MonotonicTime seen{};
    std::array<JointFilter, kJointCount> filters;
    bool taken = true;  // in the newest frame
  };

  void steady(Track& track, Person& person, MonotonicTime now);

  const TrackerSettings settings_;
  std::vector<Track> tracks_;
  std::uint32_t next_id_ = 1;
};

}  // namespace lenswire::filter
