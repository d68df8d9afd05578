#include "filter/crop.hpp"

#include <cstring>

namespace lenswire::filter {
namespace {

void copy_rows(const frame::ImageView& in, std::size_t first_row, std::size_t first_byte,
               std::size_t rows, std::size_t out_row, frame::Image& out) {
  for (std::size_t row = 0; row < rows; ++row)
    std::memcpy(out.data.data() + (out_row + row) * out.stride_bytes,
                in.data.data() + (first_row + row) * in.stride_bytes + first_byte,
                out.stride_bytes);
}

}  // namespace

Region cuttable_region(PixelFormat format, const Region& wanted) noexcept {
  Region region = wanted;
  if (format == PixelFormat::YUYV || format == PixelFormat::UYVY || format == PixelFormat::NV12) {
    region.width += region.x % 2;
    region.x -= region.x % 2;
  }
  if (format == PixelFormat::NV12) {
    region.height += region.y % 2;
    region.y -= region.y % 2;
  }
  return region;
}

Result<void> crop(const frame::ImageView& in, const Region& region, frame::Image& out) {
  if (is_compressed(in.format))
    return fail(ErrorCode::Unsupported, "crop: a compressed picture has to be decoded first");
  if (!in.complete())
    return fail(ErrorCode::InvalidArgument, "crop: the picture has less data than its size needs");
  if (region.width == 0 || region.height == 0 ||
      std::uint64_t{region.x} + region.width > in.width ||
      std::uint64_t{region.y} + region.height > in.height)
    return fail(ErrorCode::InvalidArgument, "crop: the region is not inside the picture");
  if (cuttable_region(in.format, region) != region)
    return fail(ErrorCode::InvalidArgument,
                "crop: the region must start at even pixels in this format");
  out.reshape(in.format, region.width, region.height);
  copy_rows(in, region.y, packed_stride(in.format, region.x), region.height, 0, out);
  if (in.format == PixelFormat::NV12)
    copy_rows(in, in.height + region.y / 2, region.x, (region.height + 1) / 2, region.height, out);
  return {};
}

}  // namespace lenswire::filter
