// estimate.hpp - where a client believes the ball to be: a pickled vector of two numbers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::wire::ball {

/// More than any pickle of two numbers takes.
inline constexpr std::size_t kMaxEstimateBytes = 1024;

struct Estimate {
  double x_px = 0;
  double y_px = 0;

  bool operator==(const Estimate&) const = default;
};

/// Takes an array of two items, whatever its dimensions: f4 as the originals send it, f8, i4, i8.
/// Errors: InvalidArgument for another shape or type, for numbers that are not finite, and past
/// kMaxEstimateBytes; those of pickle::decode().
/// Threading: reentrant.
Result<Estimate> decode_estimate(std::span<const std::byte> message);

/// Replaces `out` by a float32 vector of two, as the original client sends it.
void encode_estimate(const Estimate& estimate, std::vector<std::byte>& out);

}  // namespace lenswire::wire::ball
