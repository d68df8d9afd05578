// z16_rows.hpp - the rows of a depth picture as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Rows of a complete Z16 picture, wherever its bytes lie: one that starts or goes on at an odd
/// address is copied first. Borrows the picture.
///
/// Threading: reentrant; at most one at a time in a thread.
class Z16Rows {
 public:
  explicit Z16Rows(const frame::ImageView& in)
      : first_(reinterpret_cast<const std::uint16_t*>(in.data.data())), step_(in.stride_bytes / 2) {
    if (reinterpret_cast<std::uintptr_t>(first_) % 2 == 0 && in.stride_bytes % 2 == 0) return;
    thread_local std::vector<std::uint16_t> copy;
    copy.resize(std::size_t{in.width} * in.height);
    for (std::size_t y = 0; y < in.height; ++y)
      std::memcpy(copy.data() + y * in.width, in.data.data() + y * in.stride_bytes,
                  std::size_t{2} * in.width);
    first_ = copy.data();
    step_ = in.width;
  }
  [[nodiscard]] const std::uint16_t* operator[](std::size_t y) const noexcept {
    return first_ + y * step_;
  }

 private:
  const std::uint16_t* first_;
  std::size_t step_;
};

/// A row of a Z16 image with packed rows.
[[nodiscard]] inline std::uint16_t* z16_row(frame::Image& image, std::size_t y) noexcept {
  return reinterpret_cast<std::uint16_t*>(image.data.data()) + y * image.width;
}

/// Errors: Unsupported unless Z16; InvalidArgument for too little data. `what` begins the message.
[[nodiscard]] inline Result<void> check_z16(const frame::ImageView& in, const char* what) {
  if (in.format != PixelFormat::Z16)
    return fail(ErrorCode::Unsupported, std::string(what) + ": only z16 pictures can be filtered");
  if (!in.complete())
    return fail(ErrorCode::InvalidArgument,
                std::string(what) + ": the picture has less data than its size needs");
  return {};
}

}  // namespace lenswire::filter
