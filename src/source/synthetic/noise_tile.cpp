#include "source/synthetic/noise_tile.hpp"

#include <algorithm>
#include <cstring>

#include "source/synthetic/hash.hpp"

namespace lenswire::source::synthetic {
namespace {

constexpr std::uint32_t kSide = NoiseTile::kSide;
constexpr std::size_t kCount = std::size_t{kSide} * kSide;

constexpr std::size_t at(std::uint32_t x, std::uint32_t y) noexcept {
  return std::size_t{y % kSide} * kSide + x % kSide;
}

/// Sums of 3x3 white values: bell-shaped, and alike between neighbours.
std::vector<std::int32_t> correlated(std::uint64_t seed) {
  std::vector<std::int32_t> white(kCount);
  for (std::size_t i = 0; i < kCount; ++i)
    white[i] = static_cast<std::int32_t>(hash(seed, i) >> 54) - 512;
  std::vector<std::int32_t> across(kCount);
  for (std::uint32_t y = 0; y < kSide; ++y)
    for (std::uint32_t x = 0; x < kSide; ++x)
      across[at(x, y)] = white[at(x, y)] + white[at(x + 1, y)] + white[at(x + 2, y)];
  std::vector<std::int32_t> sums(kCount);
  for (std::uint32_t y = 0; y < kSide; ++y)
    for (std::uint32_t x = 0; x < kSide; ++x)
      sums[at(x, y)] = across[at(x, y)] + across[at(x, y + 1)] + across[at(x, y + 2)];
  return sums;
}

template <typename T>
void copy_wrapped(const std::vector<T>& tile, std::uint32_t x0, std::uint32_t y,
                  std::span<T> out) noexcept {
  const T* row = tile.data() + at(0, y);
  std::size_t done = 0;
  std::size_t from = x0 % kSide;
  while (done < out.size()) {
    const auto run = std::min(out.size() - done, kSide - from);
    std::memcpy(out.data() + done, row + from, run * sizeof(T));
    done += run;
    from = 0;
  }
}

}  // namespace

NoiseTile::NoiseTile(std::uint64_t seed) : gaussian_(kCount), uniform_(kCount) {
  // Nine even values of 1024 steps have a standard deviation of 887.
  constexpr std::int32_t kSumSigma = 887;
  const auto first = correlated(hash(seed, 1));
  for (std::size_t i = 0; i < kCount; ++i)
    gaussian_[i] = static_cast<std::int8_t>(std::clamp(first[i] * kSigma / kSumSigma, -127, 127));

  // Made even by the share of values that are smaller.
  constexpr std::int32_t kLargest = 9 * 512;
  const auto second = correlated(hash(seed, 2));
  std::vector<std::uint32_t> below(2 * kLargest + 2);
  for (const auto value : second) ++below[static_cast<std::size_t>(value + kLargest + 1)];
  for (std::size_t i = 1; i < below.size(); ++i) below[i] += below[i - 1];
  for (std::size_t i = 0; i < kCount; ++i)
    uniform_[i] = static_cast<std::uint8_t>(
        std::uint64_t{below[static_cast<std::size_t>(second[i] + kLargest)]} * 256 / kCount);
}

void NoiseTile::gaussian(std::uint32_t x0, std::uint32_t y,
                         std::span<std::int8_t> out) const noexcept {
  copy_wrapped(gaussian_, x0, y, out);
}

void NoiseTile::uniform(std::uint32_t x0, std::uint32_t y,
                        std::span<std::uint8_t> out) const noexcept {
  copy_wrapped(uniform_, x0, y, out);
}

}  // namespace lenswire::source::synthetic
