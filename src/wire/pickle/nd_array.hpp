// nd_array.hpp - an array of numbers as numpy has it, without Python.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lenswire::wire::pickle {

/// The element types that our peers exchange; all little-endian in memory.
enum class DType : std::uint8_t { UInt8, UInt16, Int32, Int64, Float32, Float64 };

[[nodiscard]] constexpr std::size_t item_bytes(DType dtype) noexcept {
  constexpr std::array<std::size_t, 6> sizes = {1, 2, 4, 8, 4, 8};
  return sizes[static_cast<std::size_t>(dtype)];
}

/// numpy's own code: "u1", "u2", "i4", "i8", "f4", "f8".
[[nodiscard]] constexpr std::string_view to_string(DType dtype) noexcept {
  constexpr std::array<std::string_view, 6> codes = {"u1", "u2", "i4", "i8", "f4", "f8"};
  return codes[static_cast<std::size_t>(dtype)];
}

inline constexpr std::uint32_t kMaxExtent = 65535;
inline constexpr std::size_t kMaxDimensions = 3;

/// One to three extents, the slowest first: {rows, columns, channels}.
struct Shape {
  std::size_t dimensions = 1;
  std::array<std::uint32_t, kMaxDimensions> extents{0, 1, 1};  ///< 1 beyond `dimensions`

  [[nodiscard]] constexpr std::uint64_t items() const noexcept {
    return std::uint64_t{extents[0]} * extents[1] * extents[2];
  }
  bool operator==(const Shape&) const = default;
};

/// An array, borrowed: C order, little-endian, nothing between the items.
struct NdArray {
  DType dtype = DType::UInt8;
  Shape shape;
  std::span<const std::byte> data;

  /// Item `index` as a number; large int64 lose their last digits.
  [[nodiscard]] double number(std::size_t index) const noexcept;
};

}  // namespace lenswire::wire::pickle
