#include "filter/person_tracker.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lenswire::filter {
namespace {

// Found with `lenswire-bench skeleton`: the least error over standing and moving joints.
constexpr OneEuroSettings kPixelFilter = {2.5, 0.03, 1.5};
constexpr OneEuroSettings kMeterFilter = {1.8, 6, 1.5};
/// After such a pause a joint's old place says nothing of its new one.
constexpr auto kLongAway = std::chrono::milliseconds(400);
constexpr double kSameWithinBodies = 0.6;

double size_of(const Person& person) noexcept {
  float left = std::numeric_limits<float>::max();
  float top = left;
  float right = -left;
  float bottom = -left;
  for (const auto& joint : person.joints) {
    if (!joint.seen()) continue;
    left = std::min(left, joint.x_px);
    right = std::max(right, joint.x_px);
    top = std::min(top, joint.y_px);
    bottom = std::max(bottom, joint.y_px);
  }
  return right < left ? 0 : std::hypot(right - left, bottom - top);
}

/// The mean distance of the joints that both show, in heights of a body.
double distance(const Person& a, const Person& b) noexcept {
  double sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < kJointCount; ++i) {
    if (!a.joints[i].seen() || !b.joints[i].seen()) continue;
    sum += std::hypot(a.joints[i].x_px - b.joints[i].x_px, a.joints[i].y_px - b.joints[i].y_px);
    ++count;
  }
  const double size = std::max(size_of(a), size_of(b));
  return count == 0 || size <= 0 ? std::numeric_limits<double>::infinity() : sum / count / size;
}

double seconds_between(MonotonicTime from, MonotonicTime to) noexcept {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

PersonTracker::JointFilter::JointFilter() noexcept
    : x_px(kPixelFilter),
      y_px(kPixelFilter),
      x_m(kMeterFilter),
      y_m(kMeterFilter),
      z_m(kMeterFilter) {}

void PersonTracker::track(std::vector<Person>& persons, MonotonicTime capture_time) {
  std::erase_if(tracks_, [&](const Track& track) {
    return (!track.taken && capture_time - track.seen > settings_.patience) ||
           capture_time < track.seen;
  });
  for (auto& track : tracks_) track.taken = false;
  for (auto& person : persons) person.id = 0;
  // The nearest pair first, then the nearest of the rest.
  while (true) {
    double nearest = kSameWithinBodies;
    Person* found = nullptr;
    Track* its = nullptr;
    for (auto& person : persons) {
      if (person.id != 0) continue;
      for (auto& track : tracks_) {
        if (track.taken) continue;
        const double apart = distance(person, track.person);
        if (apart >= nearest) continue;
        nearest = apart;
        found = &person;
        its = &track;
      }
    }
    if (!found) break;
    found->id = its->person.id;
    its->taken = true;
  }
  for (auto& person : persons) {
    if (person.id == 0) {
      person.id = next_id_++;
      tracks_.emplace_back().person.id = person.id;
    }
    auto& track = *std::find_if(tracks_.begin(), tracks_.end(),
                                [&](const Track& t) { return t.person.id == person.id; });
    track.taken = true;
    track.person = person;
    if (settings_.steady) steady(track, person, capture_time);
    track.seen = capture_time;
  }
}

void PersonTracker::steady(Track& track, Person& person, MonotonicTime now) {
  for (std::size_t i = 0; i < kJointCount; ++i) {
    auto& joint = person.joints[i];
    auto& filter = track.filters[i];
    if (joint.seen()) {
      if (now - filter.seen > kLongAway) {
        filter.x_px.reset();
        filter.y_px.reset();
      }
      const double seconds = seconds_between(filter.seen, now);
      joint.x_px = static_cast<float>(filter.x_px.filter(joint.x_px, seconds));
      joint.y_px = static_cast<float>(filter.y_px.filter(joint.y_px, seconds));
      filter.seen = now;
    }
    auto& at = joint.position;
    if (at.known()) {
      if (now - filter.lifted > kLongAway) {
        filter.x_m.reset();
        filter.y_m.reset();
        filter.z_m.reset();
      }
      const double seconds = seconds_between(filter.lifted, now);
      at.x_m = static_cast<float>(filter.x_m.filter(at.x_m, seconds));
      at.y_m = static_cast<float>(filter.y_m.filter(at.y_m, seconds));
      at.z_m = static_cast<float>(filter.z_m.filter(at.z_m, seconds));
      filter.lifted = now;
    }
  }
}

}  // namespace lenswire::filter
