#include "frame/frame_pool.hpp"

#include <gtest/gtest.h>

namespace lenswire::frame {
namespace {

StreamProfilePtr profile_of(PixelFormat format, std::uint32_t width, std::uint32_t height) {
  auto profile = std::make_shared<StreamProfile>();
  profile->format = format;
  profile->width = width;
  profile->height = height;
  return profile;
}

}  // namespace

TEST(FramePool, SizesRawFramesAndUsesThemAgain) {
  FramePool pool;
  const auto profile = profile_of(PixelFormat::Z16, 64, 48);
  auto frame = pool.acquire(profile);
  EXPECT_EQ(frame->data.size(), 64U * 48 * 2);
  EXPECT_EQ(frame->stride_bytes, 128U);
  const auto* const pixels = frame->data.data();
  frame->sequence = 9;
  frame->device_time_ns = 5;
  frame->conditions.gain = 5;
  frame.reset();
  const auto again = pool.acquire(profile);
  EXPECT_EQ(again->data.data(), pixels);
  EXPECT_EQ(again->sequence, 0U);
  EXPECT_FALSE(again->device_time_ns.has_value());
  EXPECT_EQ(again->conditions, CaptureConditions{});
}

TEST(FramePool, GivesCompressedFramesEmptyData) {
  FramePool pool;
  EXPECT_TRUE(pool.acquire(profile_of(PixelFormat::MJPEG, 640, 480))->data.empty());
}

}  // namespace lenswire::frame
