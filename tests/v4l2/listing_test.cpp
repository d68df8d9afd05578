// Listing and naming cameras of a real kernel.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "source/v4l2/v4l2_listing.hpp"
#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// The VM has no udev, so the test makes its link.
class Link {
 public:
  Link(const std::string& name, const std::string& node) : path_("/dev/v4l/" + name) {
    fs::create_directories(path_.parent_path());
    fs::create_symlink("../../" + node, path_);
  }
  ~Link() { fs::remove(path_); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

 private:
  fs::path path_;
};

TEST_F(VividTest, EveryNodeIsListedWithAllItOffers) {
  const Link by_id("by-id/usb-Vivid_Test_1-video-index0", "video1");
  const auto started = std::chrono::steady_clock::now();
  const auto cameras = list_cameras(kernel());
  std::printf("listing %zu cameras took %.0f ms\n", cameras.size(), ms_since(started));
  ASSERT_EQ(cameras.size(), 3U);
  EXPECT_THAT(cameras[1].uris,
              ElementsAre("v4l2:/dev/video1", "v4l2:by-id/usb-Vivid_Test_1-video-index0",
                          "v4l2:platform:vivid-001"));
  for (const auto& camera : cameras) {
    EXPECT_EQ(camera.problem, "");
    EXPECT_EQ(camera.capability.driver, "vivid");
    EXPECT_GT(camera.formats.size(), 60U);
    EXPECT_GT(camera.controls.size(), 40U);
    std::size_t unread = 0;
    for (const auto& format : camera.formats) {
      EXPECT_FALSE(format.sizes.empty()) << fourcc_text(format.code);
      for (const auto& size : format.sizes)
        EXPECT_FALSE(size.intervals.empty()) << fourcc_text(format.code);
      unread += format.format ? 0 : 1;
    }
    EXPECT_GT(unread, 40U) << "also what lenswire does not read";
    const auto named = [&](const char* name) {
      return *std::find_if(camera.controls.begin(), camera.controls.end(),
                           [&](const Control& control) { return control.name == name; });
    };
    EXPECT_TRUE(named("gain").inactive);
    EXPECT_TRUE(named("gain").volatile_value);
    EXPECT_TRUE(named("read_only_integer_32_bits").read_only);
    EXPECT_EQ(named("menu").menu.size(), 3U);
  }
  std::vector<std::string> codes;
  for (const auto& format : cameras[2].formats) codes.push_back(fourcc_text(format.code));
  EXPECT_THAT(codes, Contains("NM12")) << "of the multi-planar node";
}

TEST_F(VividTest, ACameraIsOpenedByItsUdevName) {
  const Link by_path("by-path/pci-0000:00:14.0-usb-0:1-video-index0", "video1");
  const auto source = make("v4l2:by-path/pci-0000:00:14.0-usb-0:1-video-index0");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 2);
  EXPECT_TRUE(run.finish());
  EXPECT_EQ(sink.openings.at(0).bus, "platform:vivid-001");
  EXPECT_THAT(make("v4l2:by-id/none")->probe().error().message,
              HasSubstr("no camera at /dev/v4l/by-id/none; there are: /dev/video0"));
}

}  // namespace
}  // namespace lenswire::source::v4l2
