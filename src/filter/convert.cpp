#include "filter/convert.hpp"

#include <cstring>
#include <string>

#include "filter/yuv_rows.hpp"

namespace lenswire::filter {
namespace {

using Row = const std::uint8_t*;

bool is_color(PixelFormat format) noexcept {
  return format == PixelFormat::RGB8 || format == PixelFormat::BGR8;
}

void swap_ends(Row in, std::size_t width, std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x, in += 3, out += 3) {
    out[0] = in[2];
    out[1] = in[1];
    out[2] = in[0];
  }
}

void color_to_grey(Row in, std::size_t width, bool blue_first, std::uint8_t* out) {
  const std::uint32_t first = blue_first ? 7471 : 19595;
  const std::uint32_t last = blue_first ? 19595 : 7471;
  for (std::size_t x = 0; x < width; ++x, in += 3)
    out[x] =
        static_cast<std::uint8_t>((first * in[0] + 38470 * in[1] + last * in[2] + 32768) >> 16);
}

// The luma of YUYV; one byte further on, that of UYVY and the high bytes of Y16.
void every_other_byte(Row in, std::size_t width, std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) out[x] = in[2 * x];
}

void grey_to_color(Row in, std::size_t width, std::size_t step, std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x, out += 3) out[0] = out[1] = out[2] = in[step * x];
}

// An odd width ends in the middle of a pair, which the kernels do not know.
template <typename Pairs>
void last_pixel(std::size_t width, std::uint8_t* out, const Pairs& one_pair) {
  if (width % 2 == 0) return;
  std::uint8_t pair[6];
  one_pair(width / 2, pair);
  std::memcpy(out + 3 * (width - 1), pair, 3);
}

void to_color(const frame::ImageView& in, std::size_t y, bool blue_first, std::uint8_t* out) {
  const auto* base = reinterpret_cast<Row>(in.data.data());
  const Row row = base + y * in.stride_bytes;
  const auto& kernels = yuv_row_kernels();
  switch (in.format) {
    case PixelFormat::YUYV:
      kernels.yuyv(row, in.width / 2, blue_first, out);
      last_pixel(in.width, out, [&](std::size_t pair, std::uint8_t* pixels) {
        kernels.yuyv(row + 4 * pair, 1, blue_first, pixels);
      });
      break;
    case PixelFormat::UYVY:
      kernels.uyvy(row, in.width / 2, blue_first, out);
      last_pixel(in.width, out, [&](std::size_t pair, std::uint8_t* pixels) {
        kernels.uyvy(row + 4 * pair, 1, blue_first, pixels);
      });
      break;
    case PixelFormat::NV12: {
      const Row chroma = base + (in.height + y / 2) * in.stride_bytes;
      kernels.semi_planar(row, chroma, in.width / 2, blue_first, out);
      last_pixel(in.width, out, [&](std::size_t pair, std::uint8_t* pixels) {
        kernels.semi_planar(row + 2 * pair, chroma + 2 * pair, 1, blue_first, pixels);
      });
      break;
    }
    case PixelFormat::Y8:
      grey_to_color(row, in.width, 1, out);
      break;
    case PixelFormat::Y16:
      grey_to_color(row + 1, in.width, 2, out);
      break;
    default:  // RGB8, BGR8
      if ((in.format == PixelFormat::BGR8) == blue_first)
        std::memcpy(out, row, std::size_t{3} * in.width);
      else
        swap_ends(row, in.width, out);
  }
}

void to_grey(const frame::ImageView& in, std::size_t y, std::uint8_t* out) {
  const Row row = reinterpret_cast<Row>(in.data.data()) + y * in.stride_bytes;
  switch (in.format) {
    case PixelFormat::YUYV:
      every_other_byte(row, in.width, out);
      break;
    case PixelFormat::UYVY:
    case PixelFormat::Y16:
      every_other_byte(row + 1, in.width, out);
      break;
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
      color_to_grey(row, in.width, in.format == PixelFormat::BGR8, out);
      break;
    default:  // NV12, Y8
      std::memcpy(out, row, in.width);
  }
}

}  // namespace

bool can_convert(PixelFormat from, PixelFormat to) noexcept {
  switch (from) {
    case PixelFormat::YUYV:
    case PixelFormat::UYVY:
    case PixelFormat::NV12:
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
    case PixelFormat::Y8:
    case PixelFormat::Y16:
      return is_color(to) || to == PixelFormat::Y8;
    default:
      return false;
  }
}

Result<void> convert(const frame::ImageView& in, PixelFormat to, frame::Image& out) {
  if (!can_convert(in.format, to))
    return fail(ErrorCode::Unsupported, "convert: no way from " +
                                            std::string(to_string(in.format)) + " to " +
                                            std::string(to_string(to)));
  if (!in.complete())
    return fail(ErrorCode::InvalidArgument,
                "convert: the picture has less data than its size needs");
  out.reshape(to, in.width, in.height);
  for (std::size_t y = 0; y < in.height; ++y) {
    auto* row = reinterpret_cast<std::uint8_t*>(out.data.data()) + y * out.stride_bytes;
    if (to == PixelFormat::Y8)
      to_grey(in, y, row);
    else
      to_color(in, y, to == PixelFormat::BGR8, row);
  }
  return {};
}

}  // namespace lenswire::filter
