// test_frames.hpp - frames for the hub's tests.
#pragma once

#include <memory>

#include <lenswire/frame.hpp>

#include "hub/encoded_frame.hpp"

namespace lenswire::hub {

inline StreamProfilePtr test_profile(PixelFormat format = PixelFormat::Z16) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = format == PixelFormat::Z16 ? "depth" : "color";
  profile->kind = format == PixelFormat::Z16 ? StreamKind::Depth : StreamKind::Color;
  profile->format = format;
  profile->width = 16;
  profile->height = 8;
  profile->depth_unit_m = format == PixelFormat::Z16 ? 0.001 : 0;
  profile->intrinsics = Intrinsics{16, 8, 20, 20, 7.5, 3.5, DistortionModel::None, {}};
  return profile;
}

inline FramePtr test_frame(const StreamProfilePtr& profile, std::uint64_t sequence) {
  auto frame = std::make_shared<Frame>();
  frame->profile = profile;
  frame->sequence = sequence;
  frame->capture_time =
      monotonic_from_ns(1'000'000'000 + static_cast<std::int64_t>(sequence) * 33'333'333);
  frame->stride_bytes = packed_stride(profile->format, profile->width);
  frame->data.assign(frame_bytes(profile->format, frame->stride_bytes, profile->height),
                     static_cast<std::byte>(sequence));
  return frame;
}

inline EncodedFramePtr test_encoded(std::uint64_t sequence) {
  static const auto profile = test_profile();
  auto encoded = std::make_shared<EncodedFrame>();
  encoded->source = test_frame(profile, sequence);
  return encoded;
}

}  // namespace lenswire::hub
