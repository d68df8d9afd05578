#include "source/v4l2/v4l2_controls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cerrno>

#include "source/v4l2/fake_v4l2.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint32_t kBrightness = V4L2_CID_BRIGHTNESS;
constexpr std::uint32_t kContrast = V4L2_CID_CONTRAST;
constexpr std::uint32_t kExposureAuto = V4L2_CID_EXPOSURE_AUTO;

class ControlsTest : public testing::Test {
 protected:
  ControlsTest() : camera(system.add_camera("/dev/video0")) {
    camera.controls = {integer_control(kBrightness, "Brightness", -64, 64, 0),
                       integer_control(kContrast, "Contrast", 0, 95, 32)};
    auto automatic = integer_control(kExposureAuto, "Auto Exposure", 0, 3, 3);
    automatic.query.type = V4L2_CTRL_TYPE_MENU;
    automatic.menu = {{1, "Manual Mode"}, {3, "Aperture Priority Mode"}};
    camera.controls.push_back(automatic);
    node = *open_node(system, "/dev/video0");
  }

  Error refused(const ControlSettings& settings) {
    const auto answer = apply_controls(node, settings);
    EXPECT_FALSE(answer);
    return answer ? Error{} : answer.error();
  }
  Control control(std::string_view name) {
    for (auto& entry : list_controls(node))
      if (entry.control.name == name) {
        read_value(node, entry);
        return entry.control;
      }
    ADD_FAILURE() << "no control " << name;
    return {};
  }

  FakeSystem system;
  FakeCamera& camera;
  OpenNode node;
};

TEST(ControlName, IsLowerSnakeCase) {
  EXPECT_EQ(control_name("White Balance Temperature, Auto"), "white_balance_temperature_auto");
  EXPECT_EQ(control_name("LED1 Mode"), "led1_mode");
  EXPECT_EQ(control_name("  (Gain)  "), "gain");
  EXPECT_EQ(control_name("\xC3\xA9?"), "control");
}

TEST_F(ControlsTest, ListsRangesMenusAndStates) {
  auto& contrast = camera.controls[1];
  contrast.query.flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE;
  camera.controls[0].query.flags = V4L2_CTRL_FLAG_INACTIVE;

  const auto listed = read_controls(node);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 3U);
  const auto& first = (*listed)[0];
  EXPECT_EQ(first.name, "brightness");
  EXPECT_EQ(first.label, "Brightness");
  EXPECT_EQ(first.type, ControlType::Integer);
  EXPECT_EQ(first.minimum, -64);
  EXPECT_EQ(first.maximum, 64);
  EXPECT_TRUE(first.inactive);
  EXPECT_TRUE((*listed)[1].read_only);
  EXPECT_TRUE((*listed)[1].volatile_value);
  EXPECT_EQ(std::get<std::int64_t>((*listed)[1].value), 32);
  const auto& menu = (*listed)[2];
  EXPECT_EQ(menu.type, ControlType::Menu);
  ASSERT_EQ(menu.menu.size(), 2U) << "holes are left out";
  EXPECT_EQ(menu.menu[1].index, 3);
  EXPECT_EQ(menu.menu[1].name, "Aperture Priority Mode");
}

TEST_F(ControlsTest, LeavesOutArraysAndDisabledControls) {
  camera.controls[0].query.nr_of_dims = 1;
  camera.controls[1].query.flags = V4L2_CTRL_FLAG_DISABLED;
  EXPECT_EQ(list_controls(node).size(), 1U);
}

TEST_F(ControlsTest, NamesAreUnique) {
  camera.controls.push_back(integer_control(kExposureAuto + 100, "brightness", 0, 1, 0));
  EXPECT_EQ(list_controls(node).back().control.name, "brightness_2");
}

TEST_F(ControlsTest, AGroupIsOneCallInItsOrder) {
  const auto answer =
      apply_controls(node, {{"contrast", std::int64_t{50}}, {"brightness", std::int64_t{-3}}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(camera.groups(), ElementsAre(ElementsAre(kContrast, kBrightness)));
  ASSERT_EQ(answer->size(), 2U);
  EXPECT_EQ((*answer)[0].name, "contrast");
  EXPECT_EQ(std::get<std::int64_t>((*answer)[0].value), 50);
  EXPECT_EQ(std::get<std::int64_t>((*answer)[1].value), -3);
}

TEST_F(ControlsTest, TakesMenuItemsByNameAndNumbersOfJson) {
  ASSERT_TRUE(
      apply_controls(node, {{"auto_exposure", std::string("Manual Mode")}, {"contrast", 7.0}}));
  EXPECT_EQ(std::get<std::int64_t>(control("auto_exposure").value), 1);
  EXPECT_EQ(std::get<std::int64_t>(control("contrast").value), 7);
}

TEST_F(ControlsTest, BitMasksAreUnsignedAndTextIsBounded) {
  auto mask = integer_control(kExposureAuto + 1, "Mask", 0, 0, 0);
  mask.query.type = V4L2_CTRL_TYPE_BITMASK;
  mask.query.maximum = static_cast<std::int32_t>(0x80402010);
  auto text = integer_control(kExposureAuto + 2, "Name", 2, 4, 0);
  text.query.type = V4L2_CTRL_TYPE_STRING;
  text.query.elem_size = 5;
  text.text = "ab";
  camera.controls.push_back(mask);
  camera.controls.push_back(text);

  ASSERT_TRUE(
      apply_controls(node, {{"mask", std::int64_t{0x80000000}}, {"name", std::string("wxyz")}}));
  EXPECT_EQ(std::get<std::int64_t>(control("mask").value), 0x80000000);
  EXPECT_EQ(control("mask").maximum, 0x80402010);
  EXPECT_EQ(std::get<std::string>(control("name").value), "wxyz");
  EXPECT_THAT(refused({{"name", std::string("a")}}).message, HasSubstr("a text of 2 to 4 bytes"));
  EXPECT_EQ(refused({{"name", std::string("abcde")}}).code, ErrorCode::InvalidArgument);
}

TEST_F(ControlsTest, RefusesWithRangeAndReason) {
  EXPECT_EQ(refused({{"sharpness", std::int64_t{1}}}).code, ErrorCode::NotFound);
  const auto range = refused({{"contrast", std::int64_t{96}}});
  EXPECT_EQ(range.code, ErrorCode::InvalidArgument);
  EXPECT_EQ(range.message, "control 'contrast' can't be 96: it takes a whole number from 0 to 95");
  EXPECT_EQ(refused({{"contrast", 1.5}}).code, ErrorCode::InvalidArgument);
  EXPECT_EQ(refused({{"contrast", std::string("much")}}).code, ErrorCode::InvalidArgument);
  EXPECT_THAT(refused({{"auto_exposure", std::int64_t{2}}}).message,
              HasSubstr("one of 1 (Manual Mode), 3 (Aperture Priority Mode)"));
  camera.controls[1].query.flags = V4L2_CTRL_FLAG_READ_ONLY;
  EXPECT_EQ(refused({{"contrast", std::int64_t{1}}}).code, ErrorCode::PermissionDenied);
  EXPECT_TRUE(camera.groups().empty()) << "nothing reached the driver";
}

TEST_F(ControlsTest, ARefusedGroupLeavesNothingBehind) {
  camera.controls[2].refuses = EIO;
  const auto error = refused({{"brightness", std::int64_t{10}},
                              {"contrast", std::int64_t{20}},
                              {"auto_exposure", std::int64_t{1}}});
  EXPECT_EQ(error.code, ErrorCode::InvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("'auto_exposure'"));
  EXPECT_EQ(std::get<std::int64_t>(control("brightness").value), 0);
  EXPECT_EQ(std::get<std::int64_t>(control("contrast").value), 32);
}

TEST_F(ControlsTest, SetsOneAfterAnotherWhereTheDriverTakesNoGroups) {
  camera.takes_groups = false;
  ASSERT_TRUE(
      apply_controls(node, {{"contrast", std::int64_t{50}}, {"brightness", std::int64_t{5}}}));
  EXPECT_THAT(camera.groups(), ElementsAre(ElementsAre(kContrast), ElementsAre(kBrightness)));
  camera.controls[0].refuses = EACCES;
  const auto error = refused({{"contrast", std::int64_t{60}}, {"brightness", std::int64_t{6}}});
  EXPECT_EQ(error.code, ErrorCode::PermissionDenied);
  EXPECT_THAT(error.message, HasSubstr("'brightness'"));
  EXPECT_EQ(std::get<std::int64_t>(control("contrast").value), 50);
}

TEST_F(ControlsTest, AGoneCameraIsDisconnected) {
  camera.unplug();
  EXPECT_EQ(read_controls(node).error().code, ErrorCode::Disconnected);
  EXPECT_EQ(refused({{"contrast", std::int64_t{1}}}).code, ErrorCode::Disconnected);
}

TEST_F(ControlsTest, EventsNameEachChangedControlOnce) {
  camera.add_event(V4L2_EVENT_CTRL, kContrast);
  camera.add_event(V4L2_EVENT_CTRL, kContrast);
  camera.add_event(V4L2_EVENT_SOURCE_CHANGE, 0);
  const auto changes = take_events(node);
  EXPECT_THAT(changes.control_ids, ElementsAre(kContrast));
  EXPECT_TRUE(changes.source);
  EXPECT_FALSE(take_events(node).source) << "taken once";
}

}  // namespace
}  // namespace lenswire::source::v4l2
