#include <lenswire/pixel_format.hpp>

#include <gtest/gtest.h>

namespace lenswire {

TEST(PixelFormat, NamesGoBothWays) {
  for (const auto format :
       {PixelFormat::Z16, PixelFormat::Y8, PixelFormat::Y16, PixelFormat::RGB8, PixelFormat::BGR8,
        PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::NV12, PixelFormat::MJPEG,
        PixelFormat::JPEG, PixelFormat::XYZ32F}) {
    EXPECT_EQ(pixel_format_from_string(to_string(format)), format);
    EXPECT_EQ(pixel_format_from_fourcc(static_cast<std::uint32_t>(format)), format);
  }
  EXPECT_FALSE(pixel_format_from_string("h264"));
  EXPECT_FALSE(pixel_format_from_fourcc(0));
}

TEST(PixelFormat, CountsBytes) {
  EXPECT_EQ(packed_stride(PixelFormat::YUYV, 5), 12U);
  EXPECT_EQ(packed_stride(PixelFormat::UYVY, 5), 12U);
  EXPECT_EQ(packed_stride(PixelFormat::NV12, 5), 6U);
  EXPECT_EQ(frame_bytes(PixelFormat::NV12, 640, 480), 640U * 720);
  EXPECT_EQ(frame_bytes(PixelFormat::NV12, 6, 5), 6U * 8);
  EXPECT_EQ(frame_bytes(PixelFormat::XYZ32F, packed_stride(PixelFormat::XYZ32F, 10), 2), 240U);
  EXPECT_EQ(frame_bytes(PixelFormat::JPEG, 0, 480), 0U);
}

}  // namespace lenswire
