#include "server/lwp_subscription.hpp"

#include <algorithm>
#include <limits>

#include "wire/lwp/encode.hpp"

namespace lenswire::server {

LwpSubscription::LwpSubscription(std::uint32_t id, LoopFanout& fanout,
                                 const hub::DeliverySettings& delivery, const FlowWindow& window,
                                 SubscriptionOwner& owner)
    : id_(id), fanout_(fanout), queue_(delivery), window_(window), owner_(owner) {}

LwpSubscription::~LwpSubscription() { fanout_.leave(*this); }

bool LwpSubscription::wants_every_frame() const noexcept {
  return queue_.settings().policy == hub::DeliveryPolicy::Every;
}

void LwpSubscription::offer(const hub::EncodedFramePtr& frame, const MissedList& lost) {
  queue_.note_missed(lost);
  queue_.offer(frame);
  owner_.subscription_ready();
}

bool LwpSubscription::ready() const noexcept {
  if (!queue_.ready()) return false;
  if (queue_.settings().policy == hub::DeliveryPolicy::Pull) return true;
  const auto unacknowledged = sent_frames_ - acknowledged_frames_;
  if (unacknowledged == 0) return true;
  return unacknowledged < window_.frames &&
         (window_.bytes == 0 || unacknowledged_bytes_ < window_.bytes);
}

bool LwpSubscription::announce_profile() {
  const auto& next = queue_.front().profile;
  if (next == profile_) return false;
  profile_ = next;
  return true;
}

hub::EncodedFramePtr LwpSubscription::take(std::vector<std::byte>& head, const base::Clock& clock,
                                           MissedList& missed) {
  auto encoded = queue_.take(missed);
  const auto& frame = *encoded->source;
  const auto& profile = profile_->profile;
  wire::lwp::Extensions extensions;
  auto& header = extensions.frame.emplace();
  header.sequence = frame.sequence;
  header.capture_time_ns = to_ns(frame.capture_time);
  header.arrival_time_ns = to_ns(frame.arrival_time);
  header.send_time_ns = to_ns(clock.now());
  header.capture_uncertainty_ns = static_cast<std::uint32_t>(std::clamp<std::int64_t>(
      frame.capture_uncertainty.count(), 0, std::numeric_limits<std::uint32_t>::max()));
  header.domain = frame.domain;
  header.codec = encoded->codec;
  header.kind = profile.kind;
  header.flags = wire::lwp::kFlagKeyframe;
  header.format = profile.format;
  header.width = profile.width;
  header.height = profile.height;
  header.profile_version = profile_->version;
  header.calibration_version = profile_->calibration;
  header.decoded_bytes =
      frame_bytes(profile.format, packed_stride(profile.format, profile.width), profile.height);
  extensions.missed = missed;
  extensions.device_time_ns = frame.device_time_ns;
  extensions.annotations = frame.annotations;
  extensions.conditions = frame.conditions;
  if (const auto& wish = fanout_.wish(); wish.region || wish.scale != 1) {
    const hub::Region whole{0, 0, profile_->whole_width, profile_->whole_height};
    const auto region = hub::fitted_region(wish.region.value_or(whole), whole.width, whole.height);
    extensions.region = {region.x, region.y, region.width, region.height, wish.scale};
  }
  const auto size = static_cast<std::uint32_t>(encoded->payload().size());
  wire::lwp::encode_head(wire::lwp::MessageType::Frame, id_, extensions, size, head);
  if (queue_.settings().policy != hub::DeliveryPolicy::Pull) {
    sizes_[sent_frames_ % kMaxWindowFrames] = size;
    unacknowledged_bytes_ += size;
  }
  ++sent_frames_;
  return encoded;
}

Result<void> LwpSubscription::acknowledge(std::uint64_t frames_received) {
  if (queue_.settings().policy == hub::DeliveryPolicy::Pull) return {};
  if (frames_received > sent_frames_)
    return fail(ErrorCode::InvalidArgument, "Ack for frames that were not sent");
  while (acknowledged_frames_ < frames_received)
    unacknowledged_bytes_ -= sizes_[acknowledged_frames_++ % kMaxWindowFrames];
  return {};
}

}  // namespace lenswire::server
