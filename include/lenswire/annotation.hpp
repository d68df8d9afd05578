// annotation.hpp - what is known of a picture beyond its pixels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lenswire {

/// What an annotation marks. Numbers as in the native protocol.
enum class AnnotationKind : std::uint16_t {
  Ball = 1,  ///< the ball of `synthetic:ball`, where it really is
};

/// A round thing in a picture, in pixels of that picture: (0, 0) is the middle of the first pixel.
struct Annotation {
  AnnotationKind kind = AnnotationKind::Ball;
  double x_px = 0;
  double y_px = 0;
  double radius_px = 0;

  bool operator==(const Annotation&) const = default;
};
inline constexpr std::size_t kMaxAnnotations = 8;

/// A fixed-capacity list, so that annotating a frame allocates nothing.
class AnnotationList {
 public:
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::span<const Annotation> items() const noexcept {
    return {items_.data(), size_};
  }

  /// False when the list is full; then nothing is added.
  bool add(const Annotation& annotation) noexcept;

  /// The first of its kind, or null.
  [[nodiscard]] const Annotation* find(AnnotationKind kind) const noexcept;

  /// Moves all of them into another picture: x' = (x + 0.5 - left) * factor - 0.5, the same for y.
  void transform(double left_px, double top_px, double x_factor, double y_factor) noexcept;

 private:
  std::array<Annotation, kMaxAnnotations> items_{};
  std::size_t size_ = 0;
};

}  // namespace lenswire
