#include "filter/scale.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

namespace lenswire::filter {
namespace {

std::uint32_t nearest(std::uint32_t target, std::uint32_t from, std::uint32_t to) {
  return static_cast<std::uint32_t>((2 * std::uint64_t{target} + 1) * from /
                                    (2 * std::uint64_t{to}));
}

template <std::size_t PixelBytes>
void pick_nearest(const frame::ImageView& in, frame::Image& out) {
  for (std::uint32_t y = 0; y < out.height; ++y) {
    const std::byte* from =
        in.data.data() + std::size_t{nearest(y, in.height, out.height)} * in.stride_bytes;
    std::byte* to = out.data.data() + std::size_t{y} * out.stride_bytes;
    for (std::uint32_t x = 0; x < out.width; ++x)
      std::memcpy(to + PixelBytes * x,
                  from + PixelBytes * std::size_t{nearest(x, in.width, out.width)}, PixelBytes);
  }
}

// One direction, cut into units of which both sizes are whole multiples: an old pixel is `pixel`
// units long, a new one `area` units.
struct Axis {
  Axis(std::uint32_t from, std::uint32_t to)
      : pixel(to / std::gcd(from, to)), area(from / std::gcd(from, to)) {}

  // The old pixels under the next new one, with the units they share: add(index, units).
  template <typename Add>
  void next(const Add& add) {
    const std::uint64_t end = position + area;
    while (position < end) {
      const std::uint64_t border = std::uint64_t{index + 1} * pixel;
      const std::uint64_t stop = std::min(border, end);
      add(index, static_cast<std::uint32_t>(stop - position));
      position = stop;
      if (stop == border) ++index;
    }
  }

  std::uint64_t pixel;
  std::uint64_t area;
  std::uint64_t position = 0;
  std::size_t index = 0;
};

// Division by a number that stays the same, rounded half up.
class Divider {
 public:
  explicit Divider(std::uint64_t divisor)
      : divisor_(divisor), half_(divisor / 2), factor_((std::uint64_t{1} << 32) / divisor + 1) {}

  // For sums up to 255 * divisor.
  [[nodiscard]] std::uint8_t operator()(std::uint64_t sum) const {
    // Below 4096 the error of factor_ times the largest sum stays under one step of the quotient.
    if (divisor_ < 4096) return static_cast<std::uint8_t>(((sum + half_) * factor_) >> 32);
    return static_cast<std::uint8_t>((sum + half_) / divisor_);
  }

 private:
  std::uint64_t divisor_, half_, factor_;
};

// The commonest factor, without weights.
template <std::size_t Channels>
void halve(const frame::ImageView& in, frame::Image& out) {
  for (std::size_t y = 0; y < out.height; ++y) {
    const auto* top =
        reinterpret_cast<const std::uint8_t*>(in.data.data()) + 2 * y * in.stride_bytes;
    const auto* bottom = top + in.stride_bytes;
    auto* __restrict to = reinterpret_cast<std::uint8_t*>(out.data.data()) + y * out.stride_bytes;
    for (std::size_t x = 0; x < out.width; ++x)
      for (std::size_t c = 0; c < Channels; ++c) {
        const std::size_t left = 2 * Channels * x + c;
        const int sum = top[left] + top[left + Channels] + bottom[left] + bottom[left + Channels];
        to[Channels * x + c] = static_cast<std::uint8_t>((sum + 2) / 4);
      }
  }
}

template <std::size_t Channels>
void average(const frame::ImageView& in, frame::Image& out) {
  if (in.width == 2 * out.width && in.height == 2 * out.height) return halve<Channels>(in, out);
  // The rows under one new row, summed; kept per thread so that no frame allocates.
  thread_local std::vector<std::uint32_t> sums;
  sums.resize(in.width * Channels);
  Axis rows(in.height, out.height);
  const Divider divide(rows.area * Axis(in.width, out.width).area);
  for (std::uint32_t y = 0; y < out.height; ++y) {
    std::ranges::fill(sums, 0U);
    rows.next([&](std::size_t row, std::uint32_t weight) {
      const auto* from =
          reinterpret_cast<const std::uint8_t*>(in.data.data()) + row * in.stride_bytes;
      std::uint32_t* sum = sums.data();
      for (std::size_t i = 0; i < in.width * Channels; ++i) sum[i] += weight * from[i];
    });
    auto* to = out.data.data() + std::size_t{y} * out.stride_bytes;
    Axis columns(in.width, out.width);
    for (std::uint32_t x = 0; x < out.width; ++x) {
      std::uint64_t total[Channels] = {};
      columns.next([&](std::size_t column, std::uint32_t weight) {
        for (std::size_t c = 0; c < Channels; ++c)
          total[c] += std::uint64_t{weight} * sums[column * Channels + c];
      });
      for (std::size_t c = 0; c < Channels; ++c)
        to[x * Channels + c] = static_cast<std::byte>(divide(total[c]));
    }
  }
}

}  // namespace

std::uint32_t scaled_size(std::uint32_t size, double factor) noexcept {
  const double wanted = std::round(static_cast<double>(size) * factor);
  if (!(wanted >= 1)) return 1;
  return wanted >= size ? size : static_cast<std::uint32_t>(wanted);
}

bool can_scale(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::Y8:
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
    case PixelFormat::Z16:
    case PixelFormat::Y16:
    case PixelFormat::XYZ32F:
      return true;
    default:
      return false;
  }
}

Result<void> scale(const frame::ImageView& in, double factor, frame::Image& out) {
  if (!can_scale(in.format))
    return fail(ErrorCode::Unsupported,
                "scale: cannot shrink " + std::string(to_string(in.format)) + ": convert it first");
  if (!in.complete() || in.width > 65535 || in.height > 65535)
    return fail(ErrorCode::InvalidArgument,
                "scale: the picture's size and the length of its data do not fit");
  if (!(factor > 0 && factor <= 1))
    return fail(ErrorCode::InvalidArgument, "scale: the factor must be above 0 and at most 1");
  out.reshape(in.format, scaled_size(in.width, factor), scaled_size(in.height, factor));
  switch (in.format) {
    case PixelFormat::Y8:
      average<1>(in, out);
      break;
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
      average<3>(in, out);
      break;
    case PixelFormat::XYZ32F:
      pick_nearest<12>(in, out);
      break;
    default:  // Z16, Y16
      pick_nearest<2>(in, out);
  }
  return {};
}

}  // namespace lenswire::filter
