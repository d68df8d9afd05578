#include "client/frame_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lenswire::client {
namespace {

constexpr std::size_t kGrowthStep = std::size_t{1} << 20;

auto broken(std::string what) { return fail(ErrorCode::InvalidArgument, std::move(what)); }

// The subscription's profile where it fits the picture, else one that does.
StreamProfilePtr profile_for(SubscriptionState& subscription, PixelFormat format,
                             std::uint32_t width, std::uint32_t height) {
  const auto fits = [&](const StreamProfile& profile) {
    return profile.format == format && profile.width == width && profile.height == height;
  };
  if (fits(*subscription.profile)) return subscription.profile;
  if (subscription.delivered && subscription.delivered_base == subscription.profile &&
      fits(*subscription.delivered))
    return subscription.delivered;
  auto profile = *subscription.profile;
  profile.format = format;
  if (profile.width != width || profile.height != height) profile.intrinsics.reset();
  profile.width = width;
  profile.height = height;
  subscription.delivered_base = subscription.profile;
  subscription.delivered = std::make_shared<const StreamProfile>(std::move(profile));
  return subscription.delivered;
}

void copy_metadata(const Frame& from, Frame& to) {
  to.sequence = from.sequence;
  to.capture_time = from.capture_time;
  to.capture_uncertainty = from.capture_uncertainty;
  to.arrival_time = from.arrival_time;
  to.domain = from.domain;
  to.device_time_ns = from.device_time_ns;
  to.annotations = from.annotations;
  to.conditions = from.conditions;
}

}  // namespace

void GrowingBuffer::start(std::vector<std::byte>& data, std::size_t total) {
  data_ = &data;
  total_ = total;
  filled_ = 0;
  if (data.capacity() >= total || total <= kGrowthStep) data.resize(total);
}

std::span<std::byte> GrowingBuffer::room() {
  if (data_->size() <= filled_ && filled_ < total_)
    data_->resize(std::min(total_, filled_ + kGrowthStep));
  return std::span(*data_).subspan(filled_, std::min(data_->size(), total_) - filled_);
}

Result<void> FrameAssembly::check(const MessageHead& head) {
  const auto& frame = head.extensions.frame;
  if (!frame) return broken("the server sent a frame without its header");
  if (head.prefix.payload_bytes == 0) return broken("the server sent an empty frame");
  if (head.prefix.payload_bytes > kMaxFrameBytes || frame->decoded_bytes > kMaxFrameBytes)
    return broken("the server sent a frame of more than 256 MiB");
  if (frame->codec == CodecId::Raw && has_fixed_size(frame->format) &&
      head.prefix.payload_bytes != frame->decoded_bytes)
    return broken(fmt::format("the server sent a raw frame of {} bytes instead of {}",
                              head.prefix.payload_bytes, frame->decoded_bytes));
  return {};
}

ArrivedFrame FrameAssembly::arrived(std::shared_ptr<Frame> frame, const MessageHead& head,
                                    SubscriptionState& subscription, const ClockEstimate& clock,
                                    MonotonicTime now) {
  const auto& header = *head.extensions.frame;
  ArrivedFrame arrived;
  arrived.header = header;
  auto& out = arrived.out;
  out.subscription = subscription.id;
  out.codec = header.codec;
  out.keyframe = (header.flags & wire::lwp::kFlagKeyframe) != 0;
  out.missed = head.extensions.missed;
  if (const auto& region = head.extensions.region) {
    out.region = Region{region->x, region->y, region->width, region->height};
    out.scale = region->scale;
  }
  out.server_capture_time = monotonic_from_ns(header.capture_time_ns);
  out.server_arrival_time = monotonic_from_ns(header.arrival_time_ns);
  out.server_send_time = monotonic_from_ns(header.send_time_ns);
  out.received_time = now;
  out.wire_bytes = wire::lwp::kPrefixBytes + head.prefix.body_bytes();

  frame->profile = profile_for(subscription, header.format, header.width, header.height);
  frame->sequence = header.sequence;
  frame->capture_time = clock.to_client(header.capture_time_ns);
  frame->capture_uncertainty =
      Nanoseconds(header.capture_uncertainty_ns) + clock.at(now).uncertainty;
  frame->arrival_time = clock.to_client(header.arrival_time_ns);
  frame->domain = header.domain;
  frame->device_time_ns = head.extensions.device_time_ns;
  frame->annotations = head.extensions.annotations;
  frame->conditions = head.extensions.conditions;
  frame->stride_bytes =
      header.codec == CodecId::Raw ? packed_stride(header.format, header.width) : 0;
  arrived.frame = std::move(frame);
  return arrived;
}

Result<ReceivedFrame> FrameAssembly::finish(ArrivedFrame arrived, SubscriptionState& subscription) {
  if (arrived.header.codec != CodecId::Raw) {
    arrived.out.decoded = subscription.settings.decode;
    if (arrived.out.decoded) {
      auto decoded = decode(arrived, subscription);
      if (!decoded) return fail(std::move(decoded).error());
      arrived.frame = std::move(*decoded);
    }
  }
  arrived.out.frame = std::move(arrived.frame);
  return std::move(arrived.out);
}

Result<std::shared_ptr<Frame>> FrameAssembly::decode(const ArrivedFrame& arrived,
                                                     SubscriptionState& subscription) {
  const auto& header = arrived.header;
  auto& decoder = decoders_.at(static_cast<std::size_t>(header.codec));
  if (!decoder) {
    const auto* entry = codec::find_codec(header.codec);
    if (!entry)
      return fail(ErrorCode::Unsupported,
                  fmt::format("this build cannot decode codec '{}'; subscribe with codec 'raw'",
                              subscription.codec));
    decoder = entry->make_decoder();
  }
  auto frame = pool_.acquire();
  frame::Image image;
  image.format = header.format;
  image.width = header.width;
  image.height = header.height;
  image.data = std::move(frame->data);
  const auto done = decoder->decode(arrived.frame->bytes(), image);
  frame->data = std::move(image.data);
  if (!done)
    return fail(done.error().code,
                fmt::format("{}/{} frame {}: {}", subscription.settings.camera,
                            subscription.settings.stream, header.sequence, done.error().message));
  copy_metadata(*arrived.frame, *frame);
  frame->stride_bytes = image.stride_bytes;
  frame->profile = profile_for(subscription, image.format, image.width, image.height);
  return frame;
}

}  // namespace lenswire::client
