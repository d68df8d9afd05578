// skeleton_json.hpp - skeletons as JSON text (docs/skeleton.md).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/skeleton.hpp>

namespace lenswire::codec {

/// The longest text that skeleton_from_json() takes.
inline constexpr std::size_t kMaxSkeletonJsonBytes = 256 << 10;

/// Replaces the contents of `out`. Every number is as long as it must be to come back the same.
void skeleton_to_json(const Skeleton& skeleton, std::vector<std::byte>& out);

/// Reads `space`, `width`, `height` and the persons' 17 joints; the rest follows from them. Safe on
/// hostile input.
/// Errors: InvalidArgument.
Result<void> skeleton_from_json(std::span<const std::byte> text, Skeleton& out);

}  // namespace lenswire::codec
