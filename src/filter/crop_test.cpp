#include "filter/crop.hpp"

#include <gtest/gtest.h>

#include "filter/filter_test_images.hpp"

namespace lenswire::filter {

TEST(Crop, TakesTheRegionsPixelsInEveryFormat) {
  frame::Image out;
  for (const auto format :
       {PixelFormat::Z16, PixelFormat::Y8, PixelFormat::Y16, PixelFormat::RGB8, PixelFormat::BGR8,
        PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::XYZ32F}) {
    SCOPED_TRACE(to_string(format));
    const auto in = noise_image(format, 21, 11, 10);
    const Region region{4, 3, 9, 5};
    ASSERT_TRUE(crop(in.view(), region, out));
    EXPECT_EQ(out.format, format);
    EXPECT_EQ(out.width, 9U);
    EXPECT_EQ(out.height, 5U);
    const std::size_t first = packed_stride(format, 4);
    ASSERT_EQ(out.stride_bytes, packed_stride(format, 9));
    for (std::size_t y = 0; y < 5; ++y)
      for (std::size_t i = 0; i < out.stride_bytes; ++i)
        ASSERT_EQ(byte_at(out, y, i), byte_at(in, y + 3, first + i));
  }
}

TEST(Crop, CutsBothPlanesOfNv12) {
  frame::Image out;
  const auto in = noise_image(PixelFormat::NV12, 21, 11, 10);
  ASSERT_TRUE(crop(in.view(), {4, 2, 9, 9}, out));
  ASSERT_EQ(out.stride_bytes, 10U);
  ASSERT_EQ(out.data.size(), 10U * (9 + 5));
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t y = 0; y < 9; ++y) ASSERT_EQ(byte_at(out, y, i), byte_at(in, y + 2, i + 4));
    for (std::size_t y = 0; y < 5; ++y)
      ASSERT_EQ(byte_at(out, 9 + y, i), byte_at(in, 11 + 1 + y, i + 4));
  }
}

TEST(Crop, WholePictureOnlyLosesItsPadding) {
  frame::Image out;
  const auto in = noise_image(PixelFormat::Z16, 5, 4, 2);
  ASSERT_TRUE(crop(in.view(), {0, 0, 5, 4}, out));
  EXPECT_EQ(out.data.size(), 40U);
  EXPECT_EQ(code_at(out, 3, 4), code_at(in, 3, 4));
}

TEST(Crop, RefusesRegionsOutsideThePicture) {
  frame::Image out;
  const auto in = noise_image(PixelFormat::Z16, 10, 10);
  for (const Region& region : {Region{0, 0, 11, 1}, Region{1, 0, 10, 1}, Region{0, 1, 1, 10},
                               Region{0, 0, 0, 1}, Region{0, 0, 1, 0}, Region{10, 0, 1, 1},
                               Region{0xffffffff, 0, 1, 1}, Region{1, 0, 0xffffffff, 1}})
    EXPECT_EQ(crop(in.view(), region, out).error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(crop(in.view(), {9, 9, 1, 1}, out));
}

TEST(Crop, PairedFormatsAreCutAtPairs) {
  frame::Image out;
  const auto yuyv = noise_image(PixelFormat::YUYV, 10, 10);
  const auto nv12 = noise_image(PixelFormat::NV12, 10, 10);
  EXPECT_FALSE(crop(yuyv.view(), {1, 0, 4, 4}, out));
  EXPECT_TRUE(crop(yuyv.view(), {2, 1, 3, 4}, out));
  EXPECT_FALSE(crop(nv12.view(), {2, 1, 4, 4}, out));
  EXPECT_EQ(cuttable_region(PixelFormat::YUYV, {3, 3, 4, 4}), (Region{2, 3, 5, 4}));
  EXPECT_EQ(cuttable_region(PixelFormat::UYVY, {3, 3, 4, 4}), (Region{2, 3, 5, 4}));
  EXPECT_EQ(cuttable_region(PixelFormat::NV12, {3, 3, 4, 4}), (Region{2, 2, 5, 5}));
  EXPECT_EQ(cuttable_region(PixelFormat::Z16, {3, 3, 4, 4}), (Region{3, 3, 4, 4}));
}

TEST(Crop, NeedsDecodedPictures) {
  frame::Image out;
  const std::vector<std::byte> data(10);
  EXPECT_EQ(crop({PixelFormat::MJPEG, 4, 4, 0, data}, {0, 0, 2, 2}, out).error().code,
            ErrorCode::Unsupported);
}

}  // namespace lenswire::filter
