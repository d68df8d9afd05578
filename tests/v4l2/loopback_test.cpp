// MJPEG and Z16 from nodes of v4l2loopback: what goes in comes out, byte by byte.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "base/unique_fd.hpp"
#include "codec/codec.hpp"
#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::HasSubstr;

constexpr const char* kNode = "/dev/video20";
constexpr std::uint32_t kWidth = 320;
constexpr std::uint32_t kHeight = 240;
using Bytes = std::vector<std::byte>;

// tools/setup-vm builds the module and puts it here.
std::filesystem::path module_file() {
  utsname kernel_name{};
  ::uname(&kernel_name);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path base = cache
                                         ? std::filesystem::path(cache)
                                         : std::filesystem::path(home ? home : "/root") / ".cache";
  return base / "with-vivid" / (std::string("v4l2loopback-") + kernel_name.release + ".ko");
}

class LoopbackTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto module = module_file();
    if (!std::filesystem::exists(module))
      GTEST_SKIP() << "no " << module << "; tools/setup-vm builds it";
    const auto command = "/sbin/insmod " + module.string() + " devices=1 video_nr=20";
    ASSERT_EQ(std::system(command.c_str()), 0);
    loaded_ = true;
  }
  void TearDown() override {
    stop();
    if (loaded_) {
      EXPECT_EQ(std::system("/sbin/rmmod v4l2loopback"), 0);
    }
  }

  // Writes the pictures over and over until stop(): by chance, since a slow reader's pace could
  // fall in with a fixed turn and meet the same picture every time.
  void feed(std::uint32_t format, std::vector<Bytes> pictures) {
    base::UniqueFd fd(::open(kNode, O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(fd);
    auto wanted = zeroed<v4l2_format>();
    wanted.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    wanted.fmt.pix.width = kWidth;
    wanted.fmt.pix.height = kHeight;
    wanted.fmt.pix.pixelformat = format;
    wanted.fmt.pix.field = V4L2_FIELD_NONE;
    ASSERT_EQ(::ioctl(fd.get(), VIDIOC_S_FMT, &wanted), 0);
    ASSERT_EQ(wanted.fmt.pix.pixelformat, format) << "the module does not know the format";
    // From the first picture on others may stream.
    ASSERT_GT(::write(fd.get(), pictures[0].data(), pictures[0].size()), 0);
    feeder_ = std::thread([this, fd = std::move(fd), pictures = std::move(pictures)] {
      std::minstd_rand chance(1);
      while (!stopping_) {
        const auto& picture = pictures[chance() % pictures.size()];
        if (::write(fd.get(), picture.data(), picture.size()) < 0) ++failed_writes_;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a camera's pace
      }
    });
  }
  void stop() {
    stopping_ = true;
    if (feeder_.joinable()) feeder_.join();
  }

  static std::unique_ptr<Source> make(const std::string& format) {
    return unwrap(make_v4l2_source(
        unwrap(base::SourceUri::parse(std::string("v4l2:") + kNode + "?format=" + format)),
        SourceContext{base::system_clock()}));
  }

 private:
  std::thread feeder_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> failed_writes_{0};
  bool loaded_ = false;
};

Bytes jpeg(int shade) {
  frame::Image image;
  image.reshape(PixelFormat::RGB8, kWidth, kHeight);
  for (std::size_t i = 0; i < image.data.size(); ++i)
    image.data[i] = static_cast<std::byte>(static_cast<int>(i % 251) / 2 + shade);
  Bytes out;
  const auto done = codec::find_codec(CodecId::Jpeg)->make_encoder({})->encode(image.view(), out);
  EXPECT_TRUE(done);
  return out;
}

TEST_F(LoopbackTest, MjpegArrivesAsItWasAndDamageIsCounted) {
  const std::vector<Bytes> good = {jpeg(0), jpeg(90)};
  auto cut = good[0];
  cut.resize(cut.size() / 2);
  feed(V4L2_PIX_FMT_MJPEG, {good[0], good[1], cut});
  const auto source = make("mjpeg");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  ASSERT_TRUE(sink.wait_for([&] { return sink.frames.size() >= 8 && sink.troubles.size() >= 2; }))
      << sink.frames.size() << " frames, " << sink.troubles.size() << " damaged";
  ASSERT_TRUE(run.finish());
  EXPECT_EQ(sink.openings.at(0).streams.at(0)->format, PixelFormat::MJPEG);
  int seen[2] = {};
  for (const auto& frame : sink.frames) {
    ASSERT_TRUE(frame->data == good[0] || frame->data == good[1]);
    ++seen[frame->data == good[1] ? 1 : 0];
  }
  EXPECT_GT(seen[0], 0);
  EXPECT_GT(seen[1], 0);
  EXPECT_THAT(sink.troubles[0].message, HasSubstr("no whole 320x240 JPEG"));
}

TEST_F(LoopbackTest, DepthArrivesWithEveryBit) {
  Bytes depth(std::size_t{kWidth} * kHeight * 2);
  for (std::size_t i = 0; i < depth.size() / 2; ++i) {
    const auto value = static_cast<std::uint16_t>(i * 40503);  // all 16 bits move
    depth[2 * i] = static_cast<std::byte>(value & 0xff);
    depth[2 * i + 1] = static_cast<std::byte>(value >> 8);
  }
  feed(V4L2_PIX_FMT_Z16, {depth});
  const auto source = make("z16");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  ASSERT_TRUE(sink.wait_for([&] { return sink.frames.size() >= 4; })) << sink.frames.size();
  ASSERT_TRUE(run.finish());
  const auto& profile = *sink.openings.at(0).streams.at(0);
  EXPECT_EQ(profile.stream, "depth");
  EXPECT_EQ(profile.kind, StreamKind::Depth);
  EXPECT_EQ(profile.depth_unit_m, 0.001);
  EXPECT_EQ(sink.frames.back()->data, depth);
}

}  // namespace
}  // namespace lenswire::source::v4l2
