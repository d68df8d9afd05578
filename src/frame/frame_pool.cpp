#include "frame/frame_pool.hpp"

namespace lenswire::frame {

std::shared_ptr<Frame> FramePool::acquire(const StreamProfilePtr& profile) {
  auto frame = pool_.acquire();
  frame->profile = profile;
  frame->sequence = 0;
  frame->capture_time = {};
  frame->capture_uncertainty = {};
  frame->arrival_time = {};
  frame->domain = TimestampDomain::HostMonotonic;
  frame->device_time_ns.reset();
  frame->annotations.clear();
  frame->conditions = {};
  frame->stride_bytes = packed_stride(profile->format, profile->width);
  frame->data.resize(frame_bytes(profile->format, frame->stride_bytes, profile->height));
  return frame;
}

}  // namespace lenswire::frame
