#include "source/v4l2/v4l2_whereabouts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/v4l2/fake_v4l2.hpp"

namespace lenswire::source::v4l2 {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class WhereaboutsTest : public testing::Test {
 protected:
  WhereaboutsTest() : first(add("/dev/video0", "usb-1")), second(add("/dev/video1", "usb-2")) {}

  FakeCamera& add(const std::string& path, const std::string& bus) {
    auto& camera = system.add_camera(path);
    camera.bus = bus;
    camera.serial = "";
    return camera;
  }
  std::string at(Whereabouts& whereabouts, seconds since = seconds(0)) {
    const auto path = whereabouts.locate(MonotonicTime(Nanoseconds(since)));
    return path ? *path : path.error().message;
  }
  void open(Whereabouts& whereabouts) { whereabouts.found(*open_node(system, at(whereabouts))); }

  FakeSystem system;
  FakeCamera& first;  // twins: the same model, without serial numbers
  FakeCamera& second;
};

TEST_F(WhereaboutsTest, FindsByNodeIdPathAndPosition) {
  second.links = {"by-id/usb-Maker_Model_7-video-index0", "by-path/pci-usb-0:2-video-index0"};
  for (const auto* place : {"/dev/video1", "usb-2"}) {
    Whereabouts camera(system, place, 0);
    EXPECT_EQ(at(camera), "/dev/video1");
  }
  for (const auto& link : second.links) {
    Whereabouts camera(system, link, 0);
    EXPECT_EQ(at(camera), "/dev/v4l/" + link);
    EXPECT_EQ(open_node(system, at(camera))->capability.bus, "usb-2");
  }
  Whereabouts nowhere(system, "by-id/none", 0);
  EXPECT_EQ(at(nowhere),
            "no camera at /dev/v4l/by-id/none; there are: /dev/video0 (Fake Camera at usb-1), "
            "/dev/video1 (Fake Camera at usb-2)");
}

TEST_F(WhereaboutsTest, TwinsThatSwapNumbersKeepTheirNames) {
  Whereabouts one(system, "/dev/video0", 0);
  Whereabouts two(system, "/dev/video1", 0);
  open(one);
  open(two);
  first.unplug();
  second.unplug();
  second.plug("/dev/video0");
  EXPECT_EQ(at(two), "/dev/video0");
  EXPECT_THAT(at(one), HasSubstr("now Fake Camera at usb-2 has that name"));
  first.plug("/dev/video1");
  EXPECT_EQ(at(one), "/dev/video1");
  EXPECT_EQ(at(two), "/dev/video0");
}

TEST_F(WhereaboutsTest, TheSerialNumberCountsMoreThanTheSocket) {
  first.serial = "A";
  second.serial = "B";
  Whereabouts one(system, "/dev/video0", 0);
  open(one);
  first.unplug();
  second.unplug();
  std::swap(first.bus, second.bus);
  second.plug("/dev/video0");
  EXPECT_THAT(at(one, kPlaceHeld * 2 / seconds(1) * seconds(1)),
              HasSubstr("which is not plugged in"));
  first.plug("/dev/video5");
  EXPECT_EQ(at(one), "/dev/video5");
}

TEST_F(WhereaboutsTest, OneMovedToAnotherSocketIsTakenAfterAWhile) {
  Whereabouts one(system, "/dev/video0", 0);
  open(one);
  second.unplug();
  first.unplug();
  first.bus = "usb-3";
  first.plug("/dev/video0");
  EXPECT_THAT(at(one, seconds(100)), HasSubstr("not plugged in"));
  EXPECT_THAT(at(one, seconds(109)), HasSubstr("not plugged in"));
  EXPECT_EQ(at(one, seconds(110)), "/dev/video0");
}

TEST_F(WhereaboutsTest, EachNodeOfADeviceIsItself) {
  second.bus = first.bus;  // two nodes of one camera
  second.node_index = 1;
  Whereabouts infrared(system, "/dev/video1", 0);
  open(infrared);
  first.unplug();
  second.unplug();
  first.plug("/dev/video1");
  EXPECT_THAT(at(infrared, seconds(1)), HasSubstr("not plugged in"));
  EXPECT_THAT(at(infrared, seconds(1000)), HasSubstr("not plugged in"));
  second.plug("/dev/video2");
  EXPECT_EQ(at(infrared), "/dev/video2");
}

TEST_F(WhereaboutsTest, ACameraThatStaysIsNotSearchedFor) {
  Whereabouts one(system, "/dev/video0", 0);
  open(one);
  const auto opens = second.opens();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(at(one), "/dev/video0");
  EXPECT_EQ(second.opens(), opens) << "no other camera is woken";
}

}  // namespace
}  // namespace lenswire::source::v4l2
