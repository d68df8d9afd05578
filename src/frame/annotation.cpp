#include <lenswire/annotation.hpp>

#include <cmath>

namespace lenswire {

bool AnnotationList::add(const Annotation& annotation) noexcept {
  if (size_ == items_.size()) return false;
  items_[size_++] = annotation;
  return true;
}

const Annotation* AnnotationList::find(AnnotationKind kind) const noexcept {
  for (const auto& item : items())
    if (item.kind == kind) return &item;
  return nullptr;
}

void AnnotationList::transform(double left_px, double top_px, double x_factor,
                               double y_factor) noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    auto& item = items_[i];
    item.x_px = (item.x_px + 0.5 - left_px) * x_factor - 0.5;
    item.y_px = (item.y_px + 0.5 - top_px) * y_factor - 0.5;
    item.radius_px *= std::sqrt(x_factor * y_factor);
  }
}

}  // namespace lenswire
