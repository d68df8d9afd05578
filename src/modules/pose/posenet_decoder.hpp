// posenet_decoder.hpp - from PoseNet's maps to persons.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <lenswire/skeleton.hpp>

namespace lenswire::modules::pose {

/// What the network gives for one picture: planes of rows x columns cells, one after the other.
struct PoseMaps {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::span<const float> heatmaps;  ///< kJointCount planes, before the sigmoid
  std::span<const float> offsets;   ///< y of every joint, then x of every joint; input pixels
  std::span<const float> forward;   ///< y of every edge, then x; from parent to child
  std::span<const float> backward;  ///< the same from child to parent

  [[nodiscard]] bool complete() const noexcept;
};

/// Input pixels from cell to cell.
inline constexpr int kPosenetStride = 16;
/// Edges of the tree of joints, which begins at the nose.
inline constexpr std::size_t kPosenetEdges = kJointCount - 1;

struct DecoderSettings {
  float part_threshold = 0.45F;   ///< a joint that a person may be found by
  float person_threshold = 0.2F;  ///< the mean over all joints that a person must have
  double apart_px = 20;           ///< two persons' same joints; input pixels
  std::size_t max_persons = 8;
};

/// Finds persons by their clearest joint and walks from there along the tree of joints; of two that
/// share places, the better one stays. Positions are in the network's input pixels.
///
/// `maps` is complete(). Threading: reentrant.
/// Source: G. Papandreou et al., "PersonLab", ECCV 2018, sections 3.1 and 3.2; the tree is
/// PoseNet's.
void decode_persons(const PoseMaps& maps, const DecoderSettings& settings,
                    std::vector<Person>& out);

}  // namespace lenswire::modules::pose
