#include "source/v4l2/v4l2_formats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include "source/v4l2/fake_v4l2.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::HasSubstr;

FormatOffer offer(PixelFormat format, std::vector<SizeOffer> sizes) {
  return {static_cast<std::uint32_t>(format), format, "", std::move(sizes)};
}

// What most webcams offer: large raw pictures only slowly.
std::vector<FormatOffer> webcam() {
  return {offer(PixelFormat::MJPEG,
                {discrete_size(1280, 720, {30, 15}), discrete_size(640, 480, {30, 15}),
                 discrete_size(320, 240, {60, 30})}),
          offer(PixelFormat::YUYV,
                {discrete_size(1280, 720, {10, 5}), discrete_size(640, 480, {30, 15})})};
}

FormatChoice chosen(const FormatWish& wish, const std::vector<FormatOffer>& offers = webcam()) {
  const auto choice = choose_format("/dev/video0", offers, wish);
  EXPECT_TRUE(choice) << choice.error().message;
  return choice.value_or(FormatChoice{});
}

TEST(ChooseFormat, TakesYuyvAt640x480WithoutAWish) {
  const auto choice = chosen({});
  EXPECT_EQ(choice.format, PixelFormat::YUYV);
  EXPECT_EQ(choice.size, (Size{640, 480}));
  EXPECT_EQ(choice.interval, (Interval{1, 30}));
}

TEST(ChooseFormat, TakesMjpegWhereRawIsTooSlow) {
  EXPECT_EQ(chosen({.size = Size{1280, 720}}).format, PixelFormat::MJPEG);
  EXPECT_EQ(chosen({.size = Size{1280, 720}, .rate_hz = 10}).format, PixelFormat::YUYV);
}

TEST(ChooseFormat, KeepsTheFormatAskedFor) {
  const auto choice = chosen({.format = PixelFormat::YUYV, .size = Size{1280, 720}});
  EXPECT_EQ(choice.format, PixelFormat::YUYV);
  EXPECT_EQ(choice.interval, (Interval{1, 10}));
}

TEST(ChooseFormat, TakesTheNearestRateAndSize) {
  EXPECT_EQ(chosen({.rate_hz = 14}).interval, (Interval{1, 15}));
  EXPECT_EQ(chosen({.rate_hz = 500}).interval, (Interval{1, 30}));
  const std::vector<FormatOffer> large = {
      offer(PixelFormat::Z16, {discrete_size(1280, 720, {30}), discrete_size(848, 480, {90})})};
  EXPECT_EQ(chosen({}, large).size, (Size{848, 480}));
}

TEST(ChooseFormat, StaysOnTheGridOfASteppedCamera) {
  const std::vector<FormatOffer> grid = {
      offer(PixelFormat::NV12, {{32, 1920, 16, 32, 1080, 8, {{{1, 60}, {1, 5}}}}})};
  const auto choice = chosen({.size = Size{640, 360}, .rate_hz = 12.5}, grid);
  EXPECT_EQ(choice.size, (Size{640, 360}));
  EXPECT_DOUBLE_EQ(choice.interval->rate_hz(), 12.5);
  EXPECT_FALSE(choose_format("/dev/video0", grid, {.size = Size{641, 360}}));
}

TEST(ChooseFormat, AsksForTheWishWhereTheDriverListsNothing) {
  const auto choice = chosen({.size = Size{800, 600}}, {offer(PixelFormat::BGR8, {})});
  EXPECT_EQ(choice.size, (Size{800, 600}));
  EXPECT_FALSE(choice.interval);
}

TEST(ChooseFormat, NamesWhatIsOffered) {
  const auto size = choose_format("/dev/video0", webcam(), {.size = Size{641, 480}});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(size.error().message,
            "/dev/video0 does not offer 641x480; it offers 1280x720, 640x480, 320x240");

  const auto format = choose_format("/dev/video0", webcam(), {.format = PixelFormat::Z16});
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(format.error().message,
            "/dev/video0 does not offer z16; it offers mjpeg, yuyv up to 1280x720");

  const auto both =
      choose_format("/dev/video0", webcam(), {.format = PixelFormat::YUYV, .size = Size{320, 240}});
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().message,
            "/dev/video0 does not offer 320x240 in yuyv; it offers 1280x720, 640x480");

  const auto none =
      choose_format("/dev/video0", {{V4L2_PIX_FMT_SBGGR8, std::nullopt, "8-bit Bayer", {}}}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::Unsupported);
}

TEST(Negotiate, CountsWhatItCanNotRead) {
  FakeSystem system;
  auto& camera = system.add_camera("/dev/video0");
  camera.formats.push_back({V4L2_PIX_FMT_SBGGR8, {discrete_size(640, 480, {30})}});
  const auto node = open_node(system, "/dev/video0");
  ASSERT_TRUE(node);
  EXPECT_EQ(summary_of(list_formats(*node)),
            "yuyv up to 640x480 (and 1 more that lenswire does not read)");
}

TEST(Negotiate, KeepsTheDriversStride) {
  FakeSystem system;
  system.add_camera("/dev/video0").stride_padding = 64;
  const auto node = open_node(system, "/dev/video0");
  ASSERT_TRUE(node);
  const auto format = negotiate(*node, {});
  ASSERT_TRUE(format) << format.error().message;
  EXPECT_EQ(format->stride_bytes, 1280U + 64);
  EXPECT_DOUBLE_EQ(format->rate_hz, 30);
}

TEST(Negotiate, RefusesASizeBeyondReason) {
  FakeSystem system;
  auto& camera = system.add_camera("/dev/video0");
  camera.formats = {{V4L2_PIX_FMT_YUYV, {discrete_size(60000, 60000, {30})}}};
  const auto node = open_node(system, "/dev/video0");
  ASSERT_TRUE(node);
  const auto format = negotiate(*node, {});
  ASSERT_FALSE(format);
  EXPECT_THAT(format.error().message, HasSubstr("impossible size"));
}

}  // namespace
}  // namespace lenswire::source::v4l2
