#include "modules/pose/posenet_decoder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace lenswire::modules::pose {
namespace {

using enum JointId;

struct Edge {
  JointId parent;
  JointId child;
};

constexpr std::array<Edge, kPosenetEdges> kEdges = {{{Nose, LeftEye},
                                                     {LeftEye, LeftEar},
                                                     {Nose, RightEye},
                                                     {RightEye, RightEar},
                                                     {Nose, LeftShoulder},
                                                     {LeftShoulder, LeftElbow},
                                                     {LeftElbow, LeftWrist},
                                                     {LeftShoulder, LeftHip},
                                                     {LeftHip, LeftKnee},
                                                     {LeftKnee, LeftAnkle},
                                                     {Nose, RightShoulder},
                                                     {RightShoulder, RightElbow},
                                                     {RightElbow, RightWrist},
                                                     {RightShoulder, RightHip},
                                                     {RightHip, RightKnee},
                                                     {RightKnee, RightAnkle}}};

/// How often a joint that was walked to is drawn to its place by the offsets.
constexpr int kRefinements = 2;

float sigmoid(float value) noexcept { return 1.0F / (1.0F + std::exp(-value)); }

struct Candidate {
  float score;
  std::size_t joint;
  std::size_t cell;
};

struct Place {
  double x;
  double y;
};

class Walk {
 public:
  Walk(const PoseMaps& maps, const DecoderSettings& settings) noexcept
      : maps_(maps), settings_(settings), cells_(maps.rows * maps.columns) {}

  void run(std::vector<Person>& out) {
    out.clear();
    for (const auto& candidate : candidates()) {
      if (out.size() >= settings_.max_persons) break;
      const auto at = exact_place(candidate.joint, candidate.cell);
      if (taken(out, candidate.joint, at)) continue;
      auto person = from(candidate, at);
      person.confidence = score(out, person);
      if (person.confidence >= settings_.person_threshold) out.push_back(person);
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Person& a, const Person& b) { return a.confidence > b.confidence; });
  }

 private:
  [[nodiscard]] float heat(std::size_t joint, std::size_t cell) const noexcept {
    return maps_.heatmaps[joint * cells_ + cell];
  }

  /// Peaks of the heat maps, the highest first.
  [[nodiscard]] std::vector<Candidate> candidates() const {
    std::vector<Candidate> found;
    // The sigmoid rises, so its argument is compared.
    const float limit = std::log(settings_.part_threshold / (1 - settings_.part_threshold));
    for (std::size_t joint = 0; joint < kJointCount; ++joint)
      for (std::size_t row = 0; row < maps_.rows; ++row)
        for (std::size_t column = 0; column < maps_.columns; ++column) {
          const auto cell = row * maps_.columns + column;
          if (heat(joint, cell) >= limit && is_peak(joint, row, column))
            found.push_back({sigmoid(heat(joint, cell)), joint, cell});
        }
    std::stable_sort(found.begin(), found.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    return found;
  }

  [[nodiscard]] bool is_peak(std::size_t joint, std::size_t row,
                             std::size_t column) const noexcept {
    const float own = heat(joint, row * maps_.columns + column);
    for (auto r = row > 0 ? row - 1 : 0; r <= std::min(row + 1, maps_.rows - 1); ++r)
      for (auto c = column > 0 ? column - 1 : 0; c <= std::min(column + 1, maps_.columns - 1); ++c)
        if (heat(joint, r * maps_.columns + c) > own) return false;
    return true;
  }

  [[nodiscard]] std::size_t cell_of(const Place& at) const noexcept {
    const auto index = [](double position, std::size_t count) {
      const auto cell = std::lround(position / kPosenetStride);
      return static_cast<std::size_t>(std::clamp(cell, 0L, static_cast<long>(count) - 1));
    };
    return index(at.y, maps_.rows) * maps_.columns + index(at.x, maps_.columns);
  }

  [[nodiscard]] Place exact_place(std::size_t joint, std::size_t cell) const noexcept {
    const auto row = static_cast<double>(cell / maps_.columns);
    const auto column = static_cast<double>(cell % maps_.columns);
    return {column * kPosenetStride + maps_.offsets[(joint + kJointCount) * cells_ + cell],
            row * kPosenetStride + maps_.offsets[joint * cells_ + cell]};
  }

  [[nodiscard]] bool taken(const std::vector<Person>& persons, std::size_t joint,
                           const Place& at) const noexcept {
    return std::any_of(persons.begin(), persons.end(), [&](const Person& person) {
      const auto& other = person.joints[joint];
      return std::hypot(other.x_px - at.x, other.y_px - at.y) <= settings_.apart_px;
    });
  }

  [[nodiscard]] Person from(const Candidate& root, const Place& at) const {
    Person person;
    std::array<bool, kJointCount> known{};
    const auto put = [&](std::size_t joint, const Place& place, float confidence) {
      auto& target = person.joints[joint];
      target.x_px = static_cast<float>(place.x);
      target.y_px = static_cast<float>(place.y);
      target.confidence = confidence;
      known[joint] = true;
    };
    put(root.joint, at, root.score);
    const auto step = [&](std::size_t edge, JointId from, JointId to,
                          std::span<const float> displacements) {
      const auto source = static_cast<std::size_t>(from);
      const auto target = static_cast<std::size_t>(to);
      if (!known[source] || known[target]) return;
      const auto& start = person.joints[source];
      const auto cell = cell_of({start.x_px, start.y_px});
      Place place{start.x_px + displacements[(edge + kPosenetEdges) * cells_ + cell],
                  start.y_px + displacements[edge * cells_ + cell]};
      for (int i = 0; i < kRefinements; ++i) place = exact_place(target, cell_of(place));
      put(target, place, sigmoid(heat(target, cell_of(place))));
    };
    // Up to the nose first, then down every branch.
    for (std::size_t edge = kPosenetEdges; edge-- > 0;)
      step(edge, kEdges[edge].child, kEdges[edge].parent, maps_.backward);
    for (std::size_t edge = 0; edge < kPosenetEdges; ++edge)
      step(edge, kEdges[edge].parent, kEdges[edge].child, maps_.forward);
    return person;
  }

  /// Joints where a better person has the same count nothing.
  [[nodiscard]] float score(const std::vector<Person>& persons,
                            const Person& person) const noexcept {
    float sum = 0;
    for (std::size_t joint = 0; joint < kJointCount; ++joint) {
      const auto& own = person.joints[joint];
      if (!taken(persons, joint, {own.x_px, own.y_px})) sum += own.confidence;
    }
    return sum / static_cast<float>(kJointCount);
  }

  const PoseMaps& maps_;
  const DecoderSettings& settings_;
  const std::size_t cells_;
};

}  // namespace

bool PoseMaps::complete() const noexcept {
  const auto cells = rows * columns;
  return cells > 0 && heatmaps.size() == kJointCount * cells &&
         offsets.size() == 2 * kJointCount * cells && forward.size() == 2 * kPosenetEdges * cells &&
         backward.size() == 2 * kPosenetEdges * cells;
}

void decode_persons(const PoseMaps& maps, const DecoderSettings& settings,
                    std::vector<Person>& out) {
  Walk(maps, settings).run(out);
}

}  // namespace lenswire::modules::pose
