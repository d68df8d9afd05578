#include "source/v4l2/v4l2_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cerrno>

#include "source/v4l2/fake_v4l2.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::HasSubstr;

Error open_failure(System& system, const std::string& path) {
  const auto node = open_node(system, path);
  EXPECT_FALSE(node);
  return node ? Error{} : node.error();
}

TEST(OpenNode, NamesTheCamerasThereAre) {
  FakeSystem system;
  system.add_camera("/dev/video0");
  const auto error = open_failure(system, "/dev/video7");
  EXPECT_EQ(error.code, ErrorCode::NotFound);
  EXPECT_EQ(error.message,
            "no camera at /dev/video7; there are: /dev/video0 (Fake Camera at usb-fake-1)");
  FakeSystem empty;
  EXPECT_THAT(open_failure(empty, "/dev/video7").message, HasSubstr("no capture node at all"));
}

TEST(OpenNode, NamesCauseAndCure) {
  FakeSystem system;
  system.add_camera("/dev/video0").caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
  auto error = open_failure(system, "/dev/video0");
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message, HasSubstr("is not a camera"));

  system.open_error = EACCES;
  error = open_failure(system, "/dev/video0");
  EXPECT_EQ(error.code, ErrorCode::PermissionDenied);
  EXPECT_THAT(error.message, HasSubstr("group video"));

  system.open_error = EBUSY;
  system.holder_name = "ffmpeg (pid 42)";
  error = open_failure(system, "/dev/video0");
  EXPECT_EQ(error.code, ErrorCode::Busy);
  EXPECT_EQ(error.message, "/dev/video0 is in use by ffmpeg (pid 42); end that first");
  system.holder_name.clear();
  EXPECT_THAT(open_failure(system, "/dev/video0").message, HasSubstr("fuser -v /dev/video0"));

  system.open_error = ENODEV;
  EXPECT_EQ(open_failure(system, "/dev/video0").code, ErrorCode::NotFound);
}

TEST(Kernel, OpensNothingButVideoNodes) {
  EXPECT_EQ(kernel().open("/dev/null").error, ENOTTY);
  EXPECT_EQ(kernel().open("/etc/passwd").error, ENOTTY);
  EXPECT_EQ(kernel().open("/dev/no-such-node").error, ENOENT);
  const auto error = open_failure(kernel(), "/dev/null");
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message, HasSubstr("/dev/null is not a video capture device"));
}

TEST(NodeTable, FindsACameraByItsPosition) {
  FakeSystem system;
  auto& camera = system.add_camera("/dev/video0");
  camera.bus = "usb-0000:00:14.0-1";
  system.add_camera("/dev/video1").bus = "usb-0000:00:14.0-2";
  NodeTable table(system);
  EXPECT_EQ(table.locate("usb-0000:00:14.0-1", 0).value(), "/dev/video0");
  EXPECT_EQ(table.locate("usb-0000:00:14.0-2", 0).value(), "/dev/video1");
  camera.unplug();
  const auto gone = table.locate("usb-0000:00:14.0-1", 0);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::NotFound);
  EXPECT_THAT(gone.error().message, HasSubstr("usb-0000:00:14.0-2"));
  camera.plug("/dev/video5");
  EXPECT_EQ(table.locate("usb-0000:00:14.0-1", 0).value(), "/dev/video5");
}

TEST(NodeTable, CountsCaptureNodesAtOnePosition) {
  FakeSystem system;
  system.add_camera("/dev/video0");
  system.add_camera("/dev/video1").caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
  system.add_camera("/dev/video2");
  NodeTable table(system);
  EXPECT_EQ(table.locate("usb-fake-1", 1).value(), "/dev/video2");
  EXPECT_FALSE(table.locate("usb-fake-1", 2));
}

TEST(NodeTable, LookingAgainOpensNothing) {
  FakeSystem system;
  auto& camera = system.add_camera("/dev/video0");
  NodeTable table(system);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(table.cameras().size(), 1U);
  EXPECT_EQ(camera.opens(), 1);
  camera.unplug();
  EXPECT_TRUE(table.cameras().empty());
  camera.plug("/dev/video0");
  EXPECT_EQ(table.cameras().size(), 1U);
  EXPECT_EQ(camera.opens(), 2) << "a new device under the old name is asked again";
  EXPECT_EQ(camera.opened(), 0);
}

TEST(NodeTable, SaysWhatCanNotBeAsked) {
  FakeSystem system;
  system.add_camera("/dev/video0");
  system.open_error = EACCES;
  NodeTable table(system);
  ASSERT_EQ(table.cameras().size(), 1U);
  EXPECT_THAT(table.cameras()[0].problem, HasSubstr("group video"));
  system.open_error = 0;
  EXPECT_TRUE(table.cameras()[0].problem.empty()) << "errors are not remembered";
}

}  // namespace
}  // namespace lenswire::source::v4l2
