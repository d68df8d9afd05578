#include "server/frame_tap.hpp"

#include <utility>

#include "server/camera.hpp"
#include "server/worker.hpp"

namespace lenswire::server {

FrameTap::FrameTap(Worker& worker, std::function<void()> on_frame)
    : worker_(worker), on_frame_(std::move(on_frame)) {}

Result<void> FrameTap::open(Camera& camera, std::string_view stream, const hub::Wish& wish) {
  close();
  const auto found = camera.stream(stream);
  if (!found) return fail(found.error());
  if (auto delivered = hub::delivered_profile(*(*found)->profile(), wish); !delivered)
    return fail(delivered.error());
  auto& fanout = worker_.fanout(**found, wish);
  fanout_ = &fanout;
  if (auto joined = fanout.join(*this); !joined) {
    fanout_ = nullptr;
    return joined;
  }
  return {};
}

void FrameTap::close() {
  if (auto* fanout = std::exchange(fanout_, nullptr)) fanout->leave(*this);
  newest_ = nullptr;
  taken_ = true;
}

hub::EncodedFramePtr FrameTap::take() {
  if (std::exchange(taken_, true)) return nullptr;
  return newest_;
}

void FrameTap::offer(const hub::EncodedFramePtr& frame, const MissedList&) {
  if (!fanout_) return;
  newest_ = frame;
  taken_ = false;
  on_frame_();
}

}  // namespace lenswire::server
