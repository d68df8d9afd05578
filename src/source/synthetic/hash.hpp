// hash.hpp - random numbers that depend on nothing but what goes in.
#pragma once

#include <cstdint>

namespace lenswire::source::synthetic {

/// The same everywhere, for the same input; all 64 bits are well mixed.
/// Source: the output function of SplitMix64 (G. L. Steele et al., OOPSLA 2014).
[[nodiscard]] constexpr std::uint64_t hash(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
[[nodiscard]] constexpr std::uint64_t hash(std::uint64_t a, std::uint64_t b) noexcept {
  return hash(hash(a) ^ b);
}
[[nodiscard]] constexpr std::uint64_t hash(std::uint64_t a, std::uint64_t b,
                                           std::uint64_t c) noexcept {
  return hash(hash(a, b) ^ c);
}

}  // namespace lenswire::source::synthetic
