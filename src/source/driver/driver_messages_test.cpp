#include "source/driver/driver_messages.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lenswire::source::driver {
namespace {

std::vector<std::byte> packet_of(const Message& message) {
  std::vector<std::byte> out;
  encode(message, out);
  return out;
}

template <typename T>
T round_trip(const T& message) {
  const auto decoded = decode(packet_of(message));
  EXPECT_TRUE(decoded) << decoded.error().message;
  const auto* back = decoded ? std::get_if<T>(&*decoded) : nullptr;
  EXPECT_NE(back, nullptr);
  return back != nullptr ? *back : T{};
}

StreamProfile sample_profile() {
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  profile.format = PixelFormat::Z16;
  profile.width = 320;
  profile.height = 240;
  profile.rate_hz = 30;
  profile.depth_unit_m = 0.001;
  profile.intrinsics = Intrinsics{};
  profile.intrinsics->width = 320;
  profile.intrinsics->height = 240;
  profile.intrinsics->fx = 285.5;
  profile.intrinsics->distortion[4] = -0.25;
  profile.reference_from_stream = Extrinsics{};
  profile.reference_from_stream->translation_m[0] = 0.025;
  return profile;
}

Opened sample_opened() {
  Opened opened;
  opened.description.model = "Dummy";
  opened.description.serial = "7";
  opened.description.bus = "nowhere";
  opened.description.streams.push_back(std::make_shared<StreamProfile>(sample_profile()));
  Control control;
  control.name = "mirror";
  control.label = "Mirror";
  control.type = ControlType::Menu;
  control.value = std::int64_t{1};
  control.default_value = std::string("off");
  control.maximum = 1;
  control.menu = {{0, "off"}, {1, "on"}};
  control.inactive = true;
  opened.description.controls.push_back(control);
  opened.memory = 3;
  opened.slots = 8;
  opened.slot_bytes = 320 * 240 * 2;
  return opened;
}

TEST(DriverMessages, TellWhatASourceOffers) {
  const auto back = round_trip(sample_opened());
  EXPECT_EQ(back.description.model, "Dummy");
  EXPECT_EQ(back.description.bus, "nowhere");
  ASSERT_EQ(back.description.streams.size(), 1U);
  EXPECT_EQ(*back.description.streams[0], sample_profile());
  ASSERT_EQ(back.description.controls.size(), 1U);
  const auto& control = back.description.controls[0];
  EXPECT_EQ(control.label, "Mirror");
  EXPECT_EQ(control.value, ControlValue(std::int64_t{1}));
  EXPECT_EQ(control.default_value, ControlValue(std::string("off")));
  EXPECT_EQ(control.menu.at(1).name, "on");
  EXPECT_TRUE(control.inactive);
  EXPECT_FALSE(control.read_only);
  EXPECT_EQ(back.memory, 3U);
  EXPECT_EQ(back.slot_bytes, 153600U);
}

TEST(DriverMessages, CarryAFramesMetadata) {
  FrameIn in{.memory = 1, .slot = 2, .stream = 3, .bytes = 4, .frame = {}};
  in.frame.sequence = 99;
  in.frame.capture_time = monotonic_from_ns(1234);
  in.frame.capture_uncertainty = Nanoseconds(56);
  in.frame.arrival_time = monotonic_from_ns(5678);
  in.frame.domain = TimestampDomain::Device;
  in.frame.device_time_ns = -7;
  in.frame.conditions.exposure = std::chrono::microseconds(8);
  in.frame.conditions.laser_on = false;
  const auto back = round_trip(in);
  EXPECT_EQ(back.slot, 2U);
  EXPECT_EQ(back.stream, 3U);
  EXPECT_EQ(back.bytes, 4U);
  EXPECT_EQ(back.frame.sequence, 99U);
  EXPECT_EQ(back.frame.capture_time, in.frame.capture_time);
  EXPECT_EQ(back.frame.capture_uncertainty, in.frame.capture_uncertainty);
  EXPECT_EQ(back.frame.arrival_time, in.frame.arrival_time);
  EXPECT_EQ(back.frame.domain, TimestampDomain::Device);
  EXPECT_EQ(back.frame.device_time_ns, -7);
  EXPECT_EQ(back.frame.conditions, in.frame.conditions);
}

TEST(DriverMessages, CarryResultsBothWays) {
  Made made;
  made.result = fail(ErrorCode::NotFound, "no such camera");
  EXPECT_EQ(round_trip(made).result.error().code, ErrorCode::NotFound);
  EXPECT_EQ(round_trip(made).result.error().message, "no such camera");
  EXPECT_TRUE(round_trip(Ended{}).result);
  Answer answer;
  answer.number = 5;
  answer.result = sample_opened().description.controls;
  EXPECT_EQ(round_trip(answer).result->size(), 1U);
  const auto ask = round_trip(Ask{6, {{"gain", 2.5}, {"mirror", true}}});
  EXPECT_EQ(ask.number, 6U);
  EXPECT_EQ(ask.settings.at(0).second, ControlValue(2.5));
  EXPECT_EQ(ask.settings.at(1).second, ControlValue(true));
  EXPECT_EQ(round_trip(Make{"openni2:Dummy"}).uri, "openni2:Dummy");
  EXPECT_EQ(round_trip(Found{{{"a", "b"}}}).sources.at(0).description, "b");
  EXPECT_EQ(round_trip(Free{4, 5}).slot, 5U);
  EXPECT_EQ(round_trip(Trouble{{ErrorCode::Truncated, "t"}}).error.message, "t");
}

TEST(DriverMessages, EveryCutAndEveryAppendixIsRefused) {
  auto packet = packet_of(sample_opened());
  for (std::size_t size = 0; size < packet.size(); ++size)
    ASSERT_FALSE(decode(std::span(packet).first(size))) << size;
  packet.push_back(std::byte{0});
  EXPECT_FALSE(decode(packet));
}

TEST(DriverMessages, PastALimitIsRefusedBeforeAnythingIsAllocated) {
  auto opened = sample_opened();
  opened.slots = kMaxSlots;
  EXPECT_TRUE(decode(packet_of(opened)));
  opened.slots = kMaxSlots + 1;
  EXPECT_FALSE(decode(packet_of(opened)));
  opened.slots = 1;
  opened.slot_bytes = kMaxFrameBytes + 1;
  EXPECT_FALSE(decode(packet_of(opened)));
  opened = sample_opened();
  opened.description.controls[0].minimum = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(decode(packet_of(opened)));

  // A text of 4 GiB in a packet of nine bytes.
  std::vector<std::byte> packet = {std::byte{0}};
  packet.resize(9, std::byte{0xFF});
  EXPECT_FALSE(decode(packet));
  EXPECT_FALSE(decode(std::vector<std::byte>(kMaxMessageBytes + 1)));
  EXPECT_FALSE(decode(std::vector<std::byte>{std::byte{200}}));
}

}  // namespace
}  // namespace lenswire::source::driver
