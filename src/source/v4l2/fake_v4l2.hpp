// fake_v4l2.hpp - a scripted machine with cameras, for the faults that no real driver has on call.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <linux/videodev2.h>

#include "base/unique_fd.hpp"
#include "source/v4l2/v4l2_device.hpp"
#include "source/v4l2/v4l2_formats.hpp"

namespace lenswire::source::v4l2 {

/// What the next VIDIOC_DQBUF does.
struct FakeStep {
  std::vector<std::byte> bytes{};
  std::vector<std::byte> chroma{};  ///< the second plane
  std::uint32_t sequence = 0;
  std::uint32_t flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  std::int64_t stamp_ns = 0;
  int error = 0;            ///< fails with this errno instead
  bool poll_error = false;  ///< and poll() says POLLERR
};

struct FakeControl {
  v4l2_query_ext_ctrl query{};
  std::map<std::uint32_t, std::string> menu;
  std::int64_t value = 0;
  std::string text;
  int refuses = 0;  ///< errno of setting it
};

struct FakeFormat {
  std::uint32_t code = 0;
  std::vector<SizeOffer> sizes;
};

/// One camera. Set the public members before it is used; the functions are thread-safe.
class FakeCamera {
 public:
  explicit FakeCamera(std::string path);

  std::string driver = "fake";
  std::string card = "Fake Camera";
  std::string bus = "usb-fake-1";
  std::string serial = "SN1";
  int node_index = 0;              ///< which node of its device
  std::vector<std::string> links;  ///< "by-id/..."
  std::uint32_t caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  std::vector<FakeFormat> formats;
  std::vector<FakeControl> controls;
  std::uint32_t stride_padding = 0;
  std::uint32_t buffers = 4;
  std::uint32_t plane_offset = 0;  ///< data_offset of the multi-planar API; of the first plane
  bool takes_groups = true;        ///< else groups of more than one control give EINVAL
  bool wakes_when_unplugged = true;
  std::map<unsigned long, int> failures;  ///< request -> errno

  void add(FakeStep step);
  void add_event(std::uint32_t type, std::uint32_t id);
  /// The next call of this kind does not return before release().
  void hang(unsigned long request);
  void release();
  [[nodiscard]] bool hanging() const;  ///< whether a call is
  void unplug();
  void plug(std::string new_path);

  [[nodiscard]] std::size_t queued() const;  ///< buffers the driver has
  [[nodiscard]] int mapped() const;
  [[nodiscard]] int opened() const;  ///< descriptors open now
  [[nodiscard]] int opens() const;   ///< ever
  [[nodiscard]] bool streaming() const;
  [[nodiscard]] std::vector<std::vector<std::uint32_t>> groups() const;  ///< ids set together

 private:
  friend class FakeDevice;
  friend class FakeSystem;
  int call(unsigned long request, void* argument, int generation);
  int query_control(v4l2_query_ext_ctrl& out);
  int get_controls(v4l2_ext_controls& group);
  int set_controls(v4l2_ext_controls& group);
  int dequeue(v4l2_buffer& out);
  int enumerate_size(v4l2_frmsizeenum& out);
  int enumerate_interval(v4l2_frmivalenum& out);
  int set_format(v4l2_format& format);
  FakeControl* control(std::uint32_t id);
  std::string identity() const;
  void wake();

  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::optional<unsigned long> hang_;
  bool hanging_ = false;
  std::string path_;
  bool plugged_ = true;
  int generation_ = 0;
  base::UniqueFd wake_;
  std::deque<FakeStep> steps_;
  std::deque<v4l2_event> events_;
  std::set<std::uint32_t> subscribed_;
  std::set<std::uint32_t> queued_;
  std::vector<std::vector<std::byte>> memory_;
  std::array<std::size_t, 2> plane_bytes_{};
  std::uint32_t planes_ = 1;
  bool streaming_ = false;
  int mapped_ = 0;
  int opened_ = 0;
  int opens_ = 0;
  std::vector<std::vector<std::uint32_t>> groups_;
};

class FakeSystem final : public System {
 public:
  /// A camera with YUYV at 640x480 and 320x240, 30 and 15 Hz, that lives as long as the system.
  FakeCamera& add_camera(const std::string& path);

  OpenedDevice open(const std::string& path) override;
  std::optional<NodeFile> node(const std::string& path) override;
  std::vector<NodeFile> nodes() override;
  std::string holder(const std::string&) override { return holder_name; }
  std::string serial(const std::string& path) override;
  int index(const std::string& path) override;
  std::vector<std::string> links(const std::string& path) override;

  std::string holder_name;
  int open_error = 0;

 private:
  FakeCamera* find(const std::string& path);
  std::vector<std::unique_ptr<FakeCamera>> cameras_;
};

[[nodiscard]] SizeOffer discrete_size(std::uint32_t width, std::uint32_t height,
                                      std::vector<std::uint32_t> rates);
[[nodiscard]] FakeControl integer_control(std::uint32_t id, const char* label, std::int64_t low,
                                          std::int64_t high, std::int64_t value);

}  // namespace lenswire::source::v4l2
