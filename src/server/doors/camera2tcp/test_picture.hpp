// test_picture.hpp - SimpleImage without a camera: a picture that visibly changes.
#pragma once

#include <memory>

#include <lenswire/time.hpp>

#include "base/mutex.hpp"
#include "frame/image.hpp"
#include "hub/encoded_frame.hpp"
#include "wire/camera2tcp/message.hpp"

namespace lenswire::server::camera2tcp {

/// As often as the original's.
inline constexpr auto kTestPicturePeriod = std::chrono::milliseconds(30);

/// Colour bars above a ramp, with a square that moves along the diagonal every 30 ms. BGR.
///
/// Threading: thread-safe.
class TestPicture {
 public:
  explicit TestPicture(const wire::camera2tcp::Geometry& geometry);

  /// The picture of that moment; all who ask within 30 ms share it.
  [[nodiscard]] hub::EncodedFramePtr at(MonotonicTime time);

  [[nodiscard]] const frame::Image& base() const noexcept { return base_; }

 private:
  frame::Image base_;
  base::Mutex mutex_;
  std::int64_t shown_ LENSWIRE_GUARDED_BY(mutex_) = -1;
  hub::EncodedFramePtr newest_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server::camera2tcp
