#include "source/v4l2/fake_v4l2.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <lenswire/frame.hpp>

namespace lenswire::source::v4l2 {
namespace {

using Lock = std::lock_guard<std::mutex>;

template <typename T>
T& as(void* argument) {
  return *static_cast<T*>(argument);
}

bool is_text(const FakeControl& control) { return control.query.type == V4L2_CTRL_TYPE_STRING; }

}  // namespace

class FakeDevice final : public Device {
 public:
  FakeDevice(FakeCamera& camera, int generation) : camera_(camera), generation_(generation) {}
  ~FakeDevice() override {
    const Lock lock(camera_.mutex_);
    --camera_.opened_;
  }

  int ioctl(unsigned long request, void* argument) noexcept override {
    std::unique_lock lock(camera_.mutex_);
    if (camera_.hang_ == request) {
      camera_.hang_.reset();
      camera_.hanging_ = true;
      camera_.released_.wait(lock, [&] { return !camera_.hanging_; });
    }
    return camera_.call(request, argument, generation_);
  }
  std::byte* map(std::size_t length, std::uint32_t offset) noexcept override {
    const Lock lock(camera_.mutex_);
    if (offset >= camera_.memory_.size() || camera_.memory_[offset].size() != length)
      return nullptr;
    ++camera_.mapped_;
    return camera_.memory_[offset].data();
  }
  void unmap(std::byte*, std::size_t) noexcept override {
    const Lock lock(camera_.mutex_);
    --camera_.mapped_;
  }

  Readiness poll(int stop_fd, Nanoseconds timeout) noexcept override {
    if (const auto now = pending(); now.frame || now.event || now.error) return now;
    pollfd set[] = {{stop_fd, POLLIN, 0}, {camera_.wake_.get(), POLLIN, 0}};
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    ::poll(set, 2, static_cast<int>(ms));
    if (set[1].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(camera_.wake_.get(), &count, sizeof count);
    }
    auto now = pending();
    now.stop = set[0].revents != 0;
    return now;
  }

 private:
  Readiness pending() const {
    const Lock lock(camera_.mutex_);
    Readiness now;
    const bool gone = !camera_.plugged_ || camera_.generation_ != generation_;
    if (gone) {
      now.error = camera_.wakes_when_unplugged;
      return now;
    }
    now.event = !camera_.events_.empty();
    if (!camera_.steps_.empty()) {
      now.frame = true;
      now.error = camera_.steps_.front().poll_error;
    }
    return now;
  }

  FakeCamera& camera_;
  const int generation_;
};

FakeCamera::FakeCamera(std::string path)
    : path_(std::move(path)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void FakeCamera::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void FakeCamera::add(FakeStep step) {
  const Lock lock(mutex_);
  steps_.push_back(std::move(step));
  wake();
}

void FakeCamera::add_event(std::uint32_t type, std::uint32_t id) {
  const Lock lock(mutex_);
  auto event = zeroed<v4l2_event>();
  event.type = type;
  event.id = id;
  events_.push_back(event);
  wake();
}

void FakeCamera::hang(unsigned long request) {
  const Lock lock(mutex_);
  hang_ = request;
}

void FakeCamera::release() {
  const Lock lock(mutex_);
  hanging_ = false;
  released_.notify_all();
}

bool FakeCamera::hanging() const {
  const Lock lock(mutex_);
  return hanging_;
}

void FakeCamera::unplug() {
  const Lock lock(mutex_);
  plugged_ = false;
  if (wakes_when_unplugged) wake();
}

void FakeCamera::plug(std::string new_path) {
  const Lock lock(mutex_);
  path_ = std::move(new_path);
  plugged_ = true;
  ++generation_;
  streaming_ = false;
  queued_.clear();
  steps_.clear();
}

std::size_t FakeCamera::queued() const {
  const Lock lock(mutex_);
  return queued_.size();
}
int FakeCamera::mapped() const {
  const Lock lock(mutex_);
  return mapped_;
}
int FakeCamera::opened() const {
  const Lock lock(mutex_);
  return opened_;
}
int FakeCamera::opens() const {
  const Lock lock(mutex_);
  return opens_;
}
bool FakeCamera::streaming() const {
  const Lock lock(mutex_);
  return streaming_;
}
std::vector<std::vector<std::uint32_t>> FakeCamera::groups() const {
  const Lock lock(mutex_);
  return groups_;
}

std::string FakeCamera::identity() const {
  return fmt::format("{}/{}", static_cast<const void*>(this), generation_);
}

FakeControl* FakeCamera::control(std::uint32_t id) {
  for (auto& candidate : controls)
    if (candidate.query.id == id) return &candidate;
  return nullptr;
}

int FakeCamera::query_control(v4l2_query_ext_ctrl& out) {
  const auto id = out.id & V4L2_CTRL_ID_MASK;
  const bool next = (out.id & V4L2_CTRL_FLAG_NEXT_CTRL) != 0;
  for (const auto& candidate : controls)
    if (next ? candidate.query.id > id : candidate.query.id == id) {
      out = candidate.query;
      return 0;
    }
  return EINVAL;
}

int FakeCamera::get_controls(v4l2_ext_controls& group) {
  for (std::uint32_t i = 0; i < group.count; ++i) {
    auto& raw = group.controls[i];
    const auto* found = control(raw.id);
    if (found == nullptr) return EINVAL;
    if (is_text(*found)) {
      if (raw.size <= found->text.size()) return ENOSPC;
      std::memcpy(raw.string, found->text.c_str(), found->text.size() + 1);
    } else if (found->query.type == V4L2_CTRL_TYPE_INTEGER64) {
      raw.value64 = found->value;
    } else {
      raw.value = static_cast<std::int32_t>(found->value);
    }
  }
  return 0;
}

int FakeCamera::set_controls(v4l2_ext_controls& group) {
  if (!takes_groups && group.count > 1) {
    group.error_idx = group.count;
    return EINVAL;
  }
  std::vector<std::uint32_t> ids;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const auto& raw = group.controls[i];
    auto* found = control(raw.id);
    if (found == nullptr || found->refuses != 0) {
      group.error_idx = i;
      return found == nullptr ? EINVAL : found->refuses;
    }
    if (is_text(*found))
      found->text = raw.string;
    else if (found->query.type == V4L2_CTRL_TYPE_INTEGER64)
      found->value = raw.value64;
    else
      found->value = raw.value;
    ids.push_back(raw.id);
  }
  groups_.push_back(std::move(ids));
  return 0;
}

int FakeCamera::enumerate_size(v4l2_frmsizeenum& out) {
  for (const auto& format : formats) {
    if (format.code != out.pixel_format) continue;
    if (out.index >= format.sizes.size()) return EINVAL;
    const auto& size = format.sizes[out.index];
    if (size.min_width == size.max_width) {
      out.type = V4L2_FRMSIZE_TYPE_DISCRETE;
      out.discrete = {size.min_width, size.min_height};
    } else {
      out.type = V4L2_FRMSIZE_TYPE_STEPWISE;
      out.stepwise = {size.min_width,  size.max_width,  size.width_step,
                      size.min_height, size.max_height, size.height_step};
    }
    return 0;
  }
  return EINVAL;
}

int FakeCamera::enumerate_interval(v4l2_frmivalenum& out) {
  for (const auto& format : formats) {
    if (format.code != out.pixel_format) continue;
    for (const auto& size : format.sizes) {
      if (size.nearest({out.width, out.height}) != Size{out.width, out.height}) continue;
      if (out.index >= size.intervals.size()) return EINVAL;
      const auto& interval = size.intervals[out.index];
      out.type = V4L2_FRMIVAL_TYPE_DISCRETE;
      out.discrete = {interval.fastest.numerator, interval.fastest.denominator};
      return 0;
    }
  }
  return EINVAL;
}

int FakeCamera::set_format(v4l2_format& format) {
  const bool planes = format.type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  const auto code = planes ? format.fmt.pix_mp.pixelformat : format.fmt.pix.pixelformat;
  const auto width = planes ? format.fmt.pix_mp.width : format.fmt.pix.width;
  const auto height = planes ? format.fmt.pix_mp.height : format.fmt.pix.height;
  const bool two = code == V4L2_PIX_FMT_NV12M;
  const auto pixel_format = two ? PixelFormat::NV12 : static_cast<PixelFormat>(code);
  const auto stride = packed_stride(pixel_format, width) + stride_padding;
  planes_ = two ? 2 : 1;
  plane_bytes_ = {is_compressed(pixel_format) ? std::size_t{width} * height
                                              : frame_bytes(pixel_format, stride, height),
                  0};
  if (two) plane_bytes_ = {std::size_t{stride} * height, std::size_t{stride} * ((height + 1) / 2)};
  if (planes) {
    for (std::uint32_t i = 0; i < planes_; ++i)
      format.fmt.pix_mp.plane_fmt[i].bytesperline = stride;
    format.fmt.pix_mp.num_planes = static_cast<std::uint8_t>(planes_);
  } else {
    format.fmt.pix.bytesperline = is_compressed(pixel_format) ? 0 : stride;
    format.fmt.pix.sizeimage = static_cast<std::uint32_t>(plane_bytes_[0]);
  }
  return 0;
}

int FakeCamera::dequeue(v4l2_buffer& out) {
  if (steps_.empty()) return EAGAIN;
  const auto step = std::move(steps_.front());
  steps_.pop_front();
  if (step.error != 0) return step.error;
  if (queued_.empty()) {
    ADD_FAILURE() << "every buffer was dequeued and none returned";
    return EIO;
  }
  const auto index = *queued_.begin();
  queued_.erase(queued_.begin());
  auto& memory = memory_[index * planes_];
  const auto used = std::min(step.bytes.size(), memory.size() - plane_offset);
  std::copy_n(step.bytes.begin(), used, memory.begin() + plane_offset);
  if (planes_ > 1) {
    auto& second = memory_[index * planes_ + 1];
    const auto chroma = std::min(step.chroma.size(), second.size());
    std::copy_n(step.chroma.begin(), chroma, second.begin());
    out.m.planes[1].data_offset = 0;
    out.m.planes[1].bytesused = static_cast<std::uint32_t>(chroma);
  }
  out.index = index;
  out.flags = step.flags;
  out.sequence = step.sequence;
  out.timestamp.tv_sec = step.stamp_ns / 1'000'000'000;
  out.timestamp.tv_usec = step.stamp_ns % 1'000'000'000 / 1000;
  if (out.type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
    out.m.planes[0].data_offset = plane_offset;
    out.m.planes[0].bytesused = static_cast<std::uint32_t>(used) + plane_offset;
  } else {
    out.bytesused = static_cast<std::uint32_t>(used);
  }
  return 0;
}

int FakeCamera::call(unsigned long request, void* argument, int generation) {
  if (!plugged_ || generation != generation_) return ENODEV;
  if (const auto failure = failures.find(request); failure != failures.end())
    return failure->second;
  switch (request) {
    case VIDIOC_QUERYCAP: {
      auto& out = as<v4l2_capability>(argument);
      out = {};
      driver.copy(reinterpret_cast<char*>(out.driver), sizeof out.driver - 1);
      card.copy(reinterpret_cast<char*>(out.card), sizeof out.card - 1);
      bus.copy(reinterpret_cast<char*>(out.bus_info), sizeof out.bus_info - 1);
      out.capabilities = V4L2_CAP_DEVICE_CAPS;
      out.device_caps = caps;
      return 0;
    }
    case VIDIOC_ENUM_FMT: {
      auto& out = as<v4l2_fmtdesc>(argument);
      if (out.index >= formats.size()) return EINVAL;
      out.pixelformat = formats[out.index].code;
      return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES:
      return enumerate_size(as<v4l2_frmsizeenum>(argument));
    case VIDIOC_ENUM_FRAMEINTERVALS:
      return enumerate_interval(as<v4l2_frmivalenum>(argument));
    case VIDIOC_S_FMT:
      return set_format(as<v4l2_format>(argument));
    case VIDIOC_S_PARM:
      return 0;
    case VIDIOC_REQBUFS: {
      auto& out = as<v4l2_requestbuffers>(argument);
      if (out.count == 0) {
        EXPECT_EQ(mapped_, 0) << "buffers freed while mapped";
        memory_.clear();
        return 0;
      }
      out.count = buffers;
      memory_.clear();
      for (std::uint32_t i = 0; i < buffers * planes_; ++i)
        memory_.emplace_back(plane_bytes_[i % planes_] + (i % planes_ == 0 ? plane_offset : 0));
      return 0;
    }
    case VIDIOC_QUERYBUF: {
      auto& out = as<v4l2_buffer>(argument);
      if (out.type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
        for (std::uint32_t i = 0; i < planes_; ++i) {
          const auto at = out.index * planes_ + i;
          out.m.planes[i].length = static_cast<std::uint32_t>(memory_[at].size());
          out.m.planes[i].m.mem_offset = at;
        }
      } else {
        out.length = static_cast<std::uint32_t>(memory_[out.index].size());
        out.m.offset = out.index;
      }
      return 0;
    }
    case VIDIOC_QBUF:
      EXPECT_TRUE(queued_.insert(as<v4l2_buffer>(argument).index).second) << "queued twice";
      return 0;
    case VIDIOC_DQBUF:
      return dequeue(as<v4l2_buffer>(argument));
    case VIDIOC_STREAMON:
      streaming_ = true;
      return 0;
    case VIDIOC_STREAMOFF:
      streaming_ = false;
      queued_.clear();
      return 0;
    case VIDIOC_QUERY_EXT_CTRL:
      return query_control(as<v4l2_query_ext_ctrl>(argument));
    case VIDIOC_QUERYMENU: {
      auto& out = as<v4l2_querymenu>(argument);
      const auto* found = control(out.id);
      const std::uint32_t index = out.index;
      if (found == nullptr || !found->menu.contains(index)) return EINVAL;
      const auto& name = found->menu.at(index);
      std::copy_n(name.c_str(), name.size() + 1, reinterpret_cast<char*>(out.name));
      return 0;
    }
    case VIDIOC_G_EXT_CTRLS:
      return get_controls(as<v4l2_ext_controls>(argument));
    case VIDIOC_S_EXT_CTRLS:
      return set_controls(as<v4l2_ext_controls>(argument));
    case VIDIOC_SUBSCRIBE_EVENT:
      subscribed_.insert(as<v4l2_event_subscription>(argument).id);
      return 0;
    case VIDIOC_DQEVENT:
      if (events_.empty()) return ENOENT;
      as<v4l2_event>(argument) = events_.front();
      events_.pop_front();
      return 0;
    default:
      return ENOTTY;
  }
}

FakeCamera& FakeSystem::add_camera(const std::string& path) {
  auto& camera = *cameras_.emplace_back(std::make_unique<FakeCamera>(path));
  camera.formats.push_back(
      {V4L2_PIX_FMT_YUYV, {discrete_size(640, 480, {30, 15}), discrete_size(320, 240, {30, 15})}});
  return camera;
}

FakeCamera* FakeSystem::find(const std::string& path) {
  for (const auto& camera : cameras_) {
    const Lock lock(camera->mutex_);
    if (!camera->plugged_) continue;
    const auto& links = camera->links;
    if (camera->path_ == path ||
        (path.starts_with(kLinkFolder) &&
         std::find(links.begin(), links.end(), path.substr(kLinkFolder.size())) != links.end()))
      return camera.get();
  }
  return nullptr;
}

OpenedDevice FakeSystem::open(const std::string& path) {
  if (open_error != 0) return {nullptr, open_error};
  auto* camera = find(path);
  if (camera == nullptr) return {nullptr, ENOENT};
  const Lock lock(camera->mutex_);
  ++camera->opened_;
  ++camera->opens_;
  return {std::make_unique<FakeDevice>(*camera, camera->generation_), 0};
}

std::optional<NodeFile> FakeSystem::node(const std::string& path) {
  const auto* camera = find(path);
  if (camera == nullptr) return std::nullopt;
  const Lock lock(camera->mutex_);
  return NodeFile{path, camera->identity()};
}

std::string FakeSystem::serial(const std::string& path) {
  const auto* camera = find(path);
  return camera == nullptr ? std::string() : camera->serial;
}

int FakeSystem::index(const std::string& path) {
  const auto* camera = find(path);
  return camera == nullptr ? -1 : camera->node_index;
}

std::vector<std::string> FakeSystem::links(const std::string& path) {
  const auto* camera = find(path);
  return camera == nullptr ? std::vector<std::string>{} : camera->links;
}

std::vector<NodeFile> FakeSystem::nodes() {
  std::vector<NodeFile> found;
  for (const auto& camera : cameras_) {
    const Lock lock(camera->mutex_);
    if (camera->plugged_) found.push_back({camera->path_, camera->identity()});
  }
  return found;
}

SizeOffer discrete_size(std::uint32_t width, std::uint32_t height,
                        std::vector<std::uint32_t> rates) {
  SizeOffer offer{width, width, 1, height, height, 1, {}};
  for (const auto rate : rates) offer.intervals.push_back({{1, rate}, {1, rate}});
  return offer;
}

FakeControl integer_control(std::uint32_t id, const char* label, std::int64_t low,
                            std::int64_t high, std::int64_t value) {
  FakeControl control;
  control.query.id = id;
  control.query.type = V4L2_CTRL_TYPE_INTEGER;
  std::strncpy(control.query.name, label, sizeof control.query.name - 1);
  control.query.minimum = low;
  control.query.maximum = high;
  control.query.step = 1;
  control.query.default_value = value;
  control.query.elem_size = 4;
  control.query.elems = 1;
  control.value = value;
  return control;
}

}  // namespace lenswire::source::v4l2
