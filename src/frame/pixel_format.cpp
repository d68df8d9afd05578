#include <lenswire/pixel_format.hpp>

#include <array>

namespace lenswire {
namespace {

struct FormatRow {
  PixelFormat format;
  std::string_view name;
  std::uint32_t bytes_per_pixel;  // of the first plane; 0 = no fixed size
};

constexpr std::array kFormats = {
    FormatRow{PixelFormat::Z16, "z16", 2},        FormatRow{PixelFormat::Y8, "y8", 1},
    FormatRow{PixelFormat::Y16, "y16", 2},        FormatRow{PixelFormat::RGB8, "rgb8", 3},
    FormatRow{PixelFormat::BGR8, "bgr8", 3},      FormatRow{PixelFormat::YUYV, "yuyv", 2},
    FormatRow{PixelFormat::UYVY, "uyvy", 2},      FormatRow{PixelFormat::NV12, "nv12", 1},
    FormatRow{PixelFormat::MJPEG, "mjpeg", 0},    FormatRow{PixelFormat::JPEG, "jpeg", 0},
    FormatRow{PixelFormat::XYZ32F, "xyz32f", 12}, FormatRow{PixelFormat::Skeleton, "skeleton", 0},
};

const FormatRow* row_of(PixelFormat format) noexcept {
  for (const auto& row : kFormats)
    if (row.format == format) return &row;
  return nullptr;
}

}  // namespace

std::string_view to_string(PixelFormat format) noexcept {
  const auto* row = row_of(format);
  return row ? row->name : "unknown";
}

std::optional<PixelFormat> pixel_format_from_string(std::string_view name) noexcept {
  for (const auto& row : kFormats)
    if (row.name == name) return row.format;
  return std::nullopt;
}

std::optional<PixelFormat> pixel_format_from_fourcc(std::uint32_t code) noexcept {
  const auto* row = row_of(static_cast<PixelFormat>(code));
  if (!row) return std::nullopt;
  return row->format;
}

bool is_compressed(PixelFormat format) noexcept {
  return format == PixelFormat::MJPEG || format == PixelFormat::JPEG;
}

bool has_fixed_size(PixelFormat format) noexcept {
  return !is_compressed(format) && format != PixelFormat::Skeleton;
}

std::uint32_t packed_stride(PixelFormat format, std::uint32_t width) noexcept {
  const auto* row = row_of(format);
  if (!row) return 0;
  // Two pixels share their chroma, so an odd width still takes whole pairs.
  if (format == PixelFormat::YUYV || format == PixelFormat::UYVY) return (width + 1) / 2 * 4;
  if (format == PixelFormat::NV12) return (width + 1) / 2 * 2;
  return width * row->bytes_per_pixel;
}

std::size_t frame_bytes(PixelFormat format, std::uint32_t stride_bytes,
                        std::uint32_t height) noexcept {
  if (!has_fixed_size(format)) return 0;
  std::size_t rows = height;
  if (format == PixelFormat::NV12) rows += (std::size_t{height} + 1) / 2;
  return rows * stride_bytes;
}

}  // namespace lenswire
