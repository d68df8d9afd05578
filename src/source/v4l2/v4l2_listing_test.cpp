#include "source/v4l2/v4l2_listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cerrno>

#include "source/v4l2/fake_v4l2.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ListCameras, TellsAllThereIsToTell) {
  FakeSystem system;
  auto& camera = system.add_camera("/dev/video0");
  camera.links = {"by-id/usb-Maker_Model_7-video-index0", "by-path/pci-usb-0:2-video-index0"};
  camera.formats = {{V4L2_PIX_FMT_MJPEG, {discrete_size(640, 480, {30, 15})}},
                    {V4L2_PIX_FMT_H264, {discrete_size(1920, 1080, {30})}},
                    {V4L2_PIX_FMT_UYVY, {{16, 1920, 8, 16, 1080, 4, {{{1, 60}, {1, 5}}}}}}};
  auto exposure = integer_control(V4L2_CID_EXPOSURE_ABSOLUTE, "Exposure", 1, 500, 20);
  exposure.query.flags = V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_VOLATILE;
  auto automatic = integer_control(V4L2_CID_EXPOSURE_AUTO, "Auto Exposure", 0, 3, 3);
  automatic.query.type = V4L2_CTRL_TYPE_MENU;
  automatic.menu = {{1, "Manual Mode"}, {3, "Aperture Priority Mode"}};
  auto version = integer_control(V4L2_CID_PRIVACY, "Privacy", 0, 1, 1);
  version.query.type = V4L2_CTRL_TYPE_BOOLEAN;
  version.query.flags = V4L2_CTRL_FLAG_READ_ONLY;
  camera.controls = {automatic, exposure, version};

  const auto found = list_cameras(system);
  ASSERT_EQ(found.size(), 1U);
  const auto& listed = found[0];
  EXPECT_TRUE(listed.problem.empty()) << listed.problem;
  EXPECT_THAT(listed.uris,
              ElementsAre("v4l2:/dev/video0", "v4l2:by-id/usb-Maker_Model_7-video-index0",
                          "v4l2:by-path/pci-usb-0:2-video-index0", "v4l2:usb-fake-1"));
  EXPECT_EQ(listed.capability.card, "Fake Camera");
  EXPECT_EQ(listed.serial, "SN1");

  ASSERT_EQ(listed.formats.size(), 3U);
  EXPECT_EQ(listed.formats[0].format, PixelFormat::MJPEG);
  ASSERT_EQ(listed.formats[0].sizes.size(), 1U);
  ASSERT_EQ(listed.formats[0].sizes[0].intervals.size(), 2U);
  EXPECT_EQ(listed.formats[0].sizes[0].intervals[1].fastest.rate_hz(), 15);
  EXPECT_FALSE(listed.formats[1].format);
  EXPECT_EQ(fourcc_text(listed.formats[1].code), "H264");
  ASSERT_EQ(listed.formats[1].sizes.size(), 1U) << "also of what lenswire does not read";
  EXPECT_EQ(listed.formats[2].format, PixelFormat::UYVY);
  EXPECT_EQ(listed.formats[2].sizes.at(0).width_step, 8U);

  ASSERT_EQ(listed.controls.size(), 3U);
  EXPECT_EQ(listed.controls[0].menu.size(), 2U);
  EXPECT_TRUE(listed.controls[1].inactive);
  EXPECT_TRUE(listed.controls[1].volatile_value);
  EXPECT_EQ(listed.controls[1].maximum, 500);
  EXPECT_TRUE(listed.controls[2].read_only);
  EXPECT_EQ(camera.opened(), 0);
}

TEST(ListCameras, CountsNodesAtOnePositionAndNamesWhatIsWrong) {
  FakeSystem system;
  system.add_camera("/dev/video0");
  system.add_camera("/dev/video1").caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
  system.add_camera("/dev/video2");
  const auto found = list_cameras(system);
  ASSERT_EQ(found.size(), 2U) << "a metadata node is no camera";
  EXPECT_EQ(found[1].uris.back(), "v4l2:usb-fake-1?index=1");
  system.open_error = EACCES;
  const auto closed = list_cameras(system);
  ASSERT_FALSE(closed.empty());
  EXPECT_THAT(closed[0].problem, HasSubstr("group video"));
  EXPECT_THAT(closed[0].uris, ElementsAre("v4l2:/dev/video0"));
}

TEST(FourccText, IsReadable) {
  EXPECT_EQ(fourcc_text(V4L2_PIX_FMT_Z16), "Z16");
  EXPECT_EQ(fourcc_text(V4L2_PIX_FMT_NV12M), "NM12");
  EXPECT_EQ(fourcc_text(V4L2_PIX_FMT_Y16_BE), "Y16-BE");
  EXPECT_EQ(fourcc_text(0x01020304), "????");
}

}  // namespace
}  // namespace lenswire::source::v4l2
