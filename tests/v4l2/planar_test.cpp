// Pixel formats that lie in memory in another way, on a real kernel.
#include <linux/videodev2.h>

#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

// A flat picture without text, so that two of them are equal.
void show_plain_red(const std::string& path) {
  const auto node = open_node(kernel(), path);
  ASSERT_TRUE(node) << node.error().message;
  const auto set = apply_controls(
      *node, {{"osd_text_mode", std::string("None")}, {"test_pattern", std::string("100% Red")}});
  ASSERT_TRUE(set) << set.error().message;
}

// The kernel's devices, except that NV12 in one piece is not offered: what remains is NV12M.
class OnlyNv12m final : public System {
 public:
  OpenedDevice open(const std::string& path) override {
    auto opened = kernel().open(path);
    if (opened.device) opened.device = std::make_unique<Hiding>(std::move(opened.device));
    return opened;
  }
  std::optional<NodeFile> node(const std::string& path) override { return kernel().node(path); }
  std::vector<NodeFile> nodes() override { return kernel().nodes(); }
  std::string holder(const std::string& path) override { return kernel().holder(path); }
  std::string serial(const std::string& path) override { return kernel().serial(path); }
  int index(const std::string& path) override { return kernel().index(path); }
  std::vector<std::string> links(const std::string& path) override { return kernel().links(path); }

 private:
  class Hiding final : public Device {
   public:
    explicit Hiding(std::unique_ptr<Device> device) : device_(std::move(device)) {}
    int ioctl(unsigned long request, void* argument) noexcept override {
      const int error = device_->ioctl(request, argument);
      if (request == VIDIOC_ENUM_FMT && error == 0) {
        auto& format = *static_cast<v4l2_fmtdesc*>(argument);
        if (format.pixelformat == V4L2_PIX_FMT_NV12) format.pixelformat = V4L2_PIX_FMT_H264;
      }
      return error;
    }
    std::byte* map(std::size_t length, std::uint32_t offset) noexcept override {
      return device_->map(length, offset);
    }
    void unmap(std::byte* start, std::size_t length) noexcept override {
      device_->unmap(start, length);
    }
    Readiness poll(int stop_fd, Nanoseconds timeout) noexcept override {
      return device_->poll(stop_fd, timeout);
    }

   private:
    std::unique_ptr<Device> device_;
  };
};

TEST_F(VividTest, TheMultiPlanarInterfaceGivesTheSameFormats) {
  for (const auto& [name, bytes_per_row] : std::vector<std::pair<std::string, std::size_t>>{
           {"yuyv", 640}, {"uyvy", 640}, {"nv12", 480}, {"y8", 320}, {"y16", 640}, {"rgb8", 960}}) {
    const auto source = make(std::string(kPlanarCamera) + "?size=320x180&fps=60&format=" + name);
    RecordingSink sink;
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 2);
    ASSERT_TRUE(run.finish()) << name;
    EXPECT_EQ(to_string(sink.frames.back()->format()), name);
    EXPECT_EQ(sink.frames.back()->data.size(), bytes_per_row * 180) << name;
  }
}

TEST_F(VividTest, ChromaOfItsOwnIsTheSamePicture) {
  show_plain_red("/dev/video2");
  const std::string uri = std::string(kPlanarCamera) + "?size=640x360&format=nv12";
  const auto whole = make(uri);
  RecordingSink one;
  {
    BackgroundRun run(*whole, one);
    wait_for_frames(one, 2);
    ASSERT_TRUE(run.finish());
  }
  OnlyNv12m system;
  auto options = Options::parse(unwrap(base::SourceUri::parse(uri)));
  ASSERT_TRUE(options);
  V4l2Source split(std::move(*options), system, base::system_clock());
  RecordingSink two;
  BackgroundRun run(split, two);
  wait_for_frames(two, 2);
  ASSERT_TRUE(run.finish());
  const auto node = open_node(system, "/dev/video2");
  ASSERT_TRUE(node);
  auto now = zeroed<v4l2_format>();
  now.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  ASSERT_EQ(node->device->ioctl(VIDIOC_G_FMT, &now), 0);
  EXPECT_EQ(now.fmt.pix_mp.pixelformat, std::uint32_t{V4L2_PIX_FMT_NV12M});
  EXPECT_EQ(now.fmt.pix_mp.num_planes, 2);
  EXPECT_EQ(two.frames.back()->format(), PixelFormat::NV12);
  EXPECT_EQ(two.frames.back()->data, one.frames.back()->data);
}

TEST_F(VividTest, UyvyIsYuyvWithItsBytesTheOtherWayRound) {
  show_plain_red("/dev/video0");
  const auto take = [](const std::string& format) {
    const auto source = make(std::string(kFirstCamera) + "?size=320x180&format=" + format);
    RecordingSink sink;
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 2);
    EXPECT_TRUE(run.finish());
    return sink.frames.back()->data;
  };
  auto uyvy = take("uyvy");
  for (std::size_t i = 0; i < uyvy.size(); i += 2) std::swap(uyvy[i], uyvy[i + 1]);
  EXPECT_EQ(uyvy, take("yuyv"));
}

}  // namespace
}  // namespace lenswire::source::v4l2
