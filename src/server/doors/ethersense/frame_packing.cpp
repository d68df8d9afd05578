#include "server/doors/ethersense/frame_packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "wire/ethersense/message.hpp"

namespace lenswire::server::ethersense {
namespace {

namespace wire_es = wire::ethersense;
namespace pickle = wire::pickle;

// The pixels without anything between the rows; `packed` is used where there is.
std::span<const std::byte> packed_pixels(const frame::ImageView& pixels,
                                         std::vector<std::byte>& packed) {
  const std::size_t row = packed_stride(pixels.format, pixels.width);
  const std::size_t size = row * pixels.height;
  if (pixels.stride_bytes == row) return pixels.data.first(size);
  packed.resize(size);
  for (std::size_t y = 0; y < pixels.height; ++y)
    std::memcpy(packed.data() + y * row, pixels.data.data() + y * pixels.stride_bytes, row);
  return packed;
}

}  // namespace

Result<void> FramePacking::pack(const frame::ImageView& pixels, const Frame& frame,
                                std::vector<std::byte>& out) const {
  const bool wide = pixels.format == PixelFormat::Z16 || pixels.format == PixelFormat::Y16;
  if (!wide && pixels.format != PixelFormat::Y8)
    return fail(ErrorCode::Unsupported,
                fmt::format("EtherSense carries depth and grey pictures, not {}",
                            to_string(pixels.format)));
  if (!pixels.complete() || pixels.width > pickle::kMaxExtent || pixels.height > pickle::kMaxExtent)
    return fail(ErrorCode::Unsupported, "EtherSense: a picture of a size it cannot carry");
  // Kept per thread, so that no frame allocates.
  thread_local std::vector<std::byte> packed;
  pickle::NdArray array;
  array.dtype = wide ? pickle::DType::UInt16 : pickle::DType::UInt8;
  array.shape = {2, {pixels.height, pixels.width, 1}};
  array.data = packed_pixels(pixels, packed);
  out.clear();
  out.reserve(wire_es::kHeaderBytes + pickle::max_encoded_bytes(array, dialect_));
  out.resize(wire_es::kHeaderBytes);
  pickle::encode(array, dialect_, out);
  const auto payload = out.size() - wire_es::kHeaderBytes;
  if (payload > wire_es::kMaxPayloadBytes)
    return fail(ErrorCode::Unsupported,
                "EtherSense: the picture is too large; give a larger ?decimate=");
  const auto captured = utc_at_zero_ + frame.capture_time.time_since_epoch();
  const auto header = wire_es::encode(
      {static_cast<std::uint32_t>(payload), static_cast<double>(to_ns(captured)) / 1e6});
  std::copy(header.begin(), header.end(), out.begin());
  return {};
}

}  // namespace lenswire::server::ethersense
