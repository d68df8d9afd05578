#include "filter/fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "filter/scale.hpp"

namespace lenswire::filter {
namespace {

// Between two neighbours: this much of the second, in 1/256.
struct Tap {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::uint32_t weight = 0;
};

// Where the centre of pixel i of `size` lies among `old_size` pixels.
Tap tap_at(std::uint32_t i, std::uint32_t size, std::uint32_t old_size) noexcept {
  const std::int64_t numerator =
      (2 * std::int64_t{i} + 1) * old_size * 256 / (2 * std::int64_t{size}) - 128;
  const auto position = std::clamp(numerator, std::int64_t{0}, (std::int64_t{old_size} - 1) * 256);
  const auto first = static_cast<std::uint32_t>(position >> 8);
  return {first, std::min(first + 1, old_size - 1), static_cast<std::uint32_t>(position & 255)};
}

void enlarge_smoothly(const frame::ImageView& in, const Placement& place, frame::Image& out) {
  const std::uint32_t channels = packed_stride(in.format, 1);
  const std::size_t samples = std::size_t{in.width} * channels;
  thread_local std::vector<std::uint16_t> mixed;
  thread_local std::vector<Tap> columns;
  mixed.resize(samples);
  columns.resize(place.width);
  for (std::uint32_t x = 0; x < place.width; ++x) {
    columns[x] = tap_at(x, place.width, in.width);
    columns[x].first *= channels;
    columns[x].second *= channels;
  }
  const auto* pixels = reinterpret_cast<const std::uint8_t*>(in.data.data());
  auto* target = reinterpret_cast<std::uint8_t*>(out.data.data());
  for (std::uint32_t y = 0; y < place.height; ++y) {
    const auto row = tap_at(y, place.height, in.height);
    const auto* above = pixels + std::size_t{row.first} * in.stride_bytes;
    const auto* below = pixels + std::size_t{row.second} * in.stride_bytes;
    for (std::size_t i = 0; i < samples; ++i)
      mixed[i] = static_cast<std::uint16_t>(above[i] * (256 - row.weight) + below[i] * row.weight);
    auto* to =
        target + std::size_t{place.y + y} * out.stride_bytes + std::size_t{place.x} * channels;
    for (const auto& column : columns)
      for (std::uint32_t c = 0; c < channels; ++c)
        *to++ = static_cast<std::uint8_t>((mixed[column.first + c] * (256 - column.weight) +
                                           mixed[column.second + c] * column.weight + 32768) >>
                                          16);
  }
}

void enlarge_by_repeating(const frame::ImageView& in, const Placement& place, frame::Image& out) {
  thread_local std::vector<std::uint32_t> columns;
  columns.resize(place.width);
  const auto nearest = [](std::uint64_t i, std::uint32_t size, std::uint32_t old_size) {
    return static_cast<std::uint32_t>((2 * i + 1) * old_size / (2 * std::uint64_t{size}));
  };
  for (std::uint32_t x = 0; x < place.width; ++x) columns[x] = nearest(x, place.width, in.width);
  for (std::uint32_t y = 0; y < place.height; ++y) {
    const auto* from =
        in.data.data() + std::size_t{nearest(y, place.height, in.height)} * in.stride_bytes;
    auto* to =
        out.data.data() + std::size_t{place.y + y} * out.stride_bytes + std::size_t{place.x} * 2;
    for (const auto column : columns) {
      std::memcpy(to, from + std::size_t{column} * 2, 2);
      to += 2;
    }
  }
}

void copy_rows(const frame::ImageView& in, const Placement& place, frame::Image& out) {
  const auto row_bytes = packed_stride(in.format, in.width);
  auto* to =
      out.data.data() + std::size_t{place.y} * out.stride_bytes + packed_stride(in.format, place.x);
  for (std::uint32_t y = 0; y < in.height; ++y)
    std::memcpy(to + std::size_t{y} * out.stride_bytes,
                in.data.data() + std::size_t{y} * in.stride_bytes, row_bytes);
}

}  // namespace

Placement placement(std::uint32_t width, std::uint32_t height, std::uint32_t frame_width,
                    std::uint32_t frame_height) noexcept {
  const double factor = std::min(static_cast<double>(frame_width) / width,
                                 static_cast<double>(frame_height) / height);
  const auto side = [factor](std::uint32_t size, std::uint32_t limit) {
    const auto scaled = static_cast<std::uint32_t>(std::llround(size * factor));
    return std::clamp(scaled, std::uint32_t{1}, limit);
  };
  Placement place;
  place.width = side(width, frame_width);
  place.height = side(height, frame_height);
  place.x = (frame_width - place.width) / 2;
  place.y = (frame_height - place.height) / 2;
  return place;
}

Result<void> fit(const frame::ImageView& in, std::uint32_t width, std::uint32_t height,
                 frame::Image& out) {
  const bool smooth = in.format == PixelFormat::Y8 || in.format == PixelFormat::RGB8 ||
                      in.format == PixelFormat::BGR8;
  if (!smooth && in.format != PixelFormat::Z16 && in.format != PixelFormat::Y16)
    return fail(ErrorCode::Unsupported, "this pixel format cannot be fitted into another size");
  if (width == 0 || height == 0)
    return fail(ErrorCode::InvalidArgument, "a picture cannot be fitted into nothing");
  if (!in.complete())
    return fail(ErrorCode::InvalidArgument, "the picture has less data than its size needs");
  auto place = placement(in.width, in.height, width, height);
  out.reshape(in.format, width, height);
  if (place.width != width || place.height != height)
    std::memset(out.data.data(), 0, out.data.size());
  if (place.width > in.width || place.height > in.height) {
    if (smooth)
      enlarge_smoothly(in, place, out);
    else
      enlarge_by_repeating(in, place, out);
    return {};
  }
  if (place.width == in.width && place.height == in.height) {
    copy_rows(in, place, out);
    return {};
  }
  thread_local frame::Image smaller;
  const double factor =
      std::min(static_cast<double>(width) / in.width, static_cast<double>(height) / in.height);
  if (auto done = scale(in, factor, smaller); !done) return done;
  copy_rows(smaller.view(), place, out);
  return {};
}

}  // namespace lenswire::filter
