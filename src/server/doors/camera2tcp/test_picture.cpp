#include "server/doors/camera2tcp/test_picture.hpp"

#include <array>

#include "source/image/image_source.hpp"

namespace lenswire::server::camera2tcp {
namespace {

using Color = std::array<std::uint8_t, 3>;  // blue, green, red

constexpr std::array<Color, 8> kBars = {{{235, 235, 235},
                                         {16, 235, 235},
                                         {235, 235, 16},
                                         {16, 235, 16},
                                         {235, 16, 235},
                                         {16, 16, 235},
                                         {235, 16, 16},
                                         {16, 16, 16}}};

}  // namespace

TestPicture::TestPicture(const wire::camera2tcp::Geometry& geometry) {
  base_.reshape(PixelFormat::BGR8, geometry.columns, geometry.rows);
  auto* to = base_.data.data();
  for (std::uint32_t y = 0; y < base_.height; ++y)
    for (std::uint32_t x = 0; x < base_.width; ++x) {
      const auto shade = static_cast<std::uint8_t>(std::uint64_t{x} * 256 / base_.width);
      const auto color = y < base_.height - base_.height / 4
                             ? kBars[std::uint64_t{x} * kBars.size() / base_.width]
                             : Color{shade, shade, shade};
      for (const auto value : color) *to++ = static_cast<std::byte>(value);
    }
}

hub::EncodedFramePtr TestPicture::at(MonotonicTime time) {
  const auto number = to_ns(time) / Nanoseconds(kTestPicturePeriod).count();
  base::MutexLock lock(mutex_);
  if (number == shown_) return newest_;
  frame::Image marked = base_;
  source::draw_mark(marked, static_cast<std::uint64_t>(number));
  auto made = std::make_shared<hub::EncodedFrame>();
  made->passes_through = false;
  made->encoded = std::move(marked.data);
  shown_ = number;
  newest_ = std::move(made);
  return newest_;
}

}  // namespace lenswire::server::camera2tcp
