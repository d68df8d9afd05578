#include "filter/decimate.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "filter/decimate_rows.hpp"
#include "filter/z16_rows.hpp"

namespace lenswire::filter {
namespace {

void mean_row(const Z16Rows& rows, std::size_t first_row, std::uint32_t factor, std::size_t count,
              std::uint16_t* out) {
  // Kept per thread so that no frame allocates.
  thread_local std::vector<std::uint32_t> sums, counts;
  const std::size_t columns = count * factor;
  sums.assign(columns, 0);
  counts.assign(columns, 0);
  for (std::uint32_t row = 0; row < factor; ++row) {
    const std::uint16_t* from = rows[first_row + row];
    std::uint32_t* __restrict sum = sums.data();
    std::uint32_t* __restrict number = counts.data();
    for (std::size_t x = 0; x < columns; ++x) {
      sum[x] += from[x];
      number[x] += from[x] != 0;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t sum = 0, number = 0;
    for (std::uint32_t x = 0; x < factor; ++x) {
      sum += sums[i * factor + x];
      number += counts[i * factor + x];
    }
    out[i] =
        number == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>((sum + number / 2) / number);
  }
}

}  // namespace

Result<void> decimate(const frame::ImageView& in, std::uint32_t factor, frame::Image& out) {
  if (auto checked = check_z16(in, "decimate"); !checked) return checked;
  if (factor < 2 || factor > kMaxDecimation)
    return fail(ErrorCode::InvalidArgument, "decimate: the factor must be 2 to 8");
  const std::size_t width = in.width / factor, height = in.height / factor;
  if (width == 0 || height == 0)
    return fail(ErrorCode::InvalidArgument, "decimate: the picture of " + std::to_string(in.width) +
                                                "x" + std::to_string(in.height) +
                                                " is smaller than one block");
  out.reshape(PixelFormat::Z16, static_cast<std::uint32_t>(width),
              static_cast<std::uint32_t>(height));
  const Z16Rows rows(in);
  const auto& kernels = decimate_row_kernels();
  for (std::size_t y = 0; y < height; ++y) {
    auto* to = z16_row(out, y);
    if (factor == 2)
      kernels.median2(rows[2 * y], rows[2 * y + 1], width, to);
    else if (factor == 3)
      kernels.median3(rows[3 * y], rows[3 * y + 1], rows[3 * y + 2], width, to);
    else
      mean_row(rows, factor * y, factor, width, to);
  }
  return {};
}

Intrinsics decimated(const Intrinsics& camera, std::uint32_t factor) noexcept {
  const auto width = camera.width / factor, height = camera.height / factor;
  return camera.cropped_and_scaled(0, 0, width * factor, height * factor, width, height);
}

}  // namespace lenswire::filter
