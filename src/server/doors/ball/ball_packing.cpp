#include "server/doors/ball/ball_packing.hpp"

#include "filter/fit.hpp"
#include "wire/pickle/encode.hpp"

namespace lenswire::server::ball {

namespace pickle = wire::pickle;

Result<void> BallPacking::pack(const frame::ImageView& pixels, const Frame&,
                               std::vector<std::byte>& out) const {
  if (pixels.format != PixelFormat::BGR8)
    return fail(ErrorCode::Unsupported, "the ball protocol carries colour pictures alone");
  // Kept per thread, so that no frame allocates.
  thread_local frame::Image fitted;
  auto data = pixels.data;
  if (pixels.width != width_ || pixels.height != height_ ||
      pixels.stride_bytes != packed_stride(pixels.format, pixels.width)) {
    if (auto done = filter::fit(pixels, width_, height_, fitted); !done) return done;
    data = fitted.data;
  }
  const auto bytes = std::size_t{3} * width_ * height_;
  const pickle::NdArray array{pickle::DType::UInt8, {3, {height_, width_, 3}}, data.first(bytes)};
  out.clear();
  out.reserve(pickle::max_encoded_bytes(array, pickle::Dialect::Python3));
  pickle::encode(array, pickle::Dialect::Python3, out);
  return {};
}

std::optional<wire::ball::Estimate> BallPacking::truth(const Frame& frame) const noexcept {
  const auto* ball = frame.annotations.find(AnnotationKind::Ball);
  if (!ball) return std::nullopt;
  const auto place = filter::placement(frame.width(), frame.height(), width_, height_);
  AnnotationList list;
  list.add(*ball);
  list.transform(0, 0, static_cast<double>(place.width) / frame.width(),
                 static_cast<double>(place.height) / frame.height());
  const auto& fitted = list.items().front();
  return wire::ball::Estimate{fitted.x_px + place.x, fitted.y_px + place.y};
}

}  // namespace lenswire::server::ball
