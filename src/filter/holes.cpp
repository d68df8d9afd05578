#include "filter/holes.hpp"

#include <algorithm>
#include <cstring>

#include "filter/z16_rows.hpp"

namespace lenswire::filter {
namespace {

void from_left(std::uint16_t* row, std::size_t width) {
  for (std::size_t x = 1; x < width; ++x)
    if (row[x] == kNoDepth) row[x] = row[x - 1];
}

// Wrapping by one makes "none" the largest number for the nearest, and keeps it the smallest for
// the farthest.
template <HoleFilling filling>
std::uint16_t better(std::uint16_t a, std::uint16_t b) {
  if constexpr (filling == HoleFilling::Farthest) return std::max(a, b);
  return static_cast<std::uint16_t>(
      std::min(static_cast<std::uint16_t>(a - 1), static_cast<std::uint16_t>(b - 1)) + 1);
}

template <HoleFilling filling>
void from_around(const std::uint16_t* above, std::uint16_t* row, const std::uint16_t* below,
                 std::size_t width) {
  for (std::size_t x = 0; x < width; ++x) {
    if (row[x] != kNoDepth) continue;
    std::uint16_t best = kNoDepth;
    for (const std::size_t column : {x == 0 ? x : x - 1, x}) {
      if (above) best = better<filling>(best, above[column]);
      if (below) best = better<filling>(best, below[column]);
      if (column != x) best = better<filling>(best, row[column]);
    }
    row[x] = best;
  }
}

}  // namespace

Result<void> fill_holes(const frame::ImageView& in, HoleFilling filling, frame::Image& out) {
  if (auto checked = check_z16(in, "holes"); !checked) return checked;
  out.reshape(PixelFormat::Z16, in.width, in.height);
  const Z16Rows rows(in);
  for (std::size_t y = 0; y < in.height; ++y) {
    auto* row = z16_row(out, y);
    std::memcpy(row, rows[y], std::size_t{2} * in.width);
    const auto* above = y > 0 ? z16_row(out, y - 1) : nullptr;
    const auto* below = y + 1 < in.height ? rows[y + 1] : nullptr;
    if (filling == HoleFilling::Left)
      from_left(row, in.width);
    else if (filling == HoleFilling::Farthest)
      from_around<HoleFilling::Farthest>(above, row, below, in.width);
    else
      from_around<HoleFilling::Nearest>(above, row, below, in.width);
  }
  return {};
}

}  // namespace lenswire::filter
