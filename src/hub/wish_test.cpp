#include "hub/wish.hpp"

#include <gtest/gtest.h>

#include "hub/picture_pipeline.hpp"
#include "hub/test_frames.hpp"

namespace lenswire::hub {

TEST(Wish, DeliveredProfileFollowsRegionScaleAndCodec) {
  const auto depth = test_profile();
  Wish wish;
  EXPECT_EQ(*delivered_profile(*depth, wish), *depth);
  wish.region = Region{4, 2, 8, 4};
  wish.scale = 0.5;
  const auto small = delivered_profile(*depth, wish);
  ASSERT_TRUE(small);
  EXPECT_EQ(small->width, 4U);
  EXPECT_EQ(small->height, 2U);
  EXPECT_DOUBLE_EQ(small->intrinsics->fx, 10);
  EXPECT_DOUBLE_EQ(small->intrinsics->cx, (7.5 - 4 + 0.5) * 0.5 - 0.5);
  wish.region = Region{12, 0, 8, 8};
  EXPECT_FALSE(delivered_profile(*depth, wish));
  wish.region = Region{0xffffffff, 0, 2, 2};
  EXPECT_FALSE(delivered_profile(*depth, wish));
}

TEST(Wish, ARegionIsMovedIntoASmallerPictureAndCutOnlyWhereItMustBe) {
  EXPECT_EQ(fitted_region({2, 3, 10, 5}, 16, 8), (Region{2, 3, 10, 5}));
  EXPECT_EQ(fitted_region({50, 60, 10, 5}, 48, 48), (Region{38, 43, 10, 5}));
  EXPECT_EQ(fitted_region({50, 60, 100, 5}, 48, 4), (Region{0, 0, 48, 4}));
  EXPECT_EQ(fitted_region({0xffffffff, 0xffffffff, 0xffffffff, 1}, 8, 8), (Region{0, 7, 8, 1}));
}

TEST(Wish, FiltersComeFirstAndTheRestCountsInTheirPixels) {
  const auto depth = test_profile();
  Wish wish;
  wish.filters = *filter::parse_filter_chain("decimate:2");
  EXPECT_FALSE(wish.keeps_pixels());
  wish.region = Region{0, 0, 9, 4};
  EXPECT_FALSE(delivered_profile(*depth, wish));  // 8 x 4 are left
  wish.region = Region{4, 0, 4, 4};
  const auto profile = delivered_profile(*depth, wish);
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->width, 4U);
  EXPECT_DOUBLE_EQ(profile->intrinsics->fx, 10);
  EXPECT_DOUBLE_EQ(profile->intrinsics->cx, (7.5 + 0.5) / 2 - 0.5 - 4);
  EXPECT_NE(calibration_version(*profile), calibration_version(*depth));
  auto frame = std::make_shared<Frame>(*test_frame(depth, 1));
  // 16 x 8 codes: column numbers, of which a block's lower middle one is its left one.
  for (std::size_t i = 0; i < frame->data.size(); i += 2) {
    frame->data[i] = static_cast<std::byte>(i / 2 % 16 + 1);
    frame->data[i + 1] = std::byte{0};
  }
  PicturePipeline pipeline(wish);
  std::vector<std::byte> out;
  ASSERT_TRUE(pipeline.run(*frame, out));
  ASSERT_EQ(out.size(), 4U * 4 * 2);
  EXPECT_EQ(out[0], std::byte{9});
  EXPECT_EQ(out[2], std::byte{11});
  EXPECT_EQ(delivered_profile(*test_profile(PixelFormat::RGB8), wish).error().code,
            ErrorCode::Unsupported);
}

TEST(Wish, NamesWhatACodecDoesNotTake) {
  Wish wish;
  wish.codec = CodecId::Jpeg;
  const auto result = delivered_profile(*test_profile(), wish);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Unsupported);
  wish.depth_picture = DepthPicture::Turbo;
  EXPECT_EQ(delivered_profile(*test_profile(), wish)->format, PixelFormat::RGB8);
  wish.depth_picture = DepthPicture::Gray8;
  EXPECT_EQ(delivered_profile(*test_profile(), wish)->format, PixelFormat::Y8);
  EXPECT_FALSE(delivered_profile(*test_profile(PixelFormat::RGB8), wish));
}

TEST(PicturePipeline, EveryCombinationGivesWhatTheProfilePromises) {
  for (const auto format :
       {PixelFormat::Z16, PixelFormat::Y8, PixelFormat::Y16, PixelFormat::RGB8, PixelFormat::BGR8,
        PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::NV12}) {
    const auto profile = test_profile(format);
    const auto frame = test_frame(profile, 9);
    for (const auto codec_id : {CodecId::Raw, CodecId::Png, CodecId::Jpeg}) {
      for (const double scale : {1.0, 0.5, 0.3}) {
        for (const bool cut : {false, true}) {
          Wish wish;
          wish.codec = codec_id;
          wish.scale = scale;
          if (cut) wish.region = Region{2, 2, 10, 6};
          if (format == PixelFormat::Z16 && codec_id == CodecId::Jpeg)
            wish.depth_picture = DepthPicture::Turbo;
          const auto delivered = delivered_profile(*profile, wish);
          ASSERT_TRUE(delivered) << delivered.error().message;
          PicturePipeline pipeline(wish);
          std::vector<std::byte> bytes;
          const auto done = pipeline.run(*frame, bytes);
          ASSERT_TRUE(done) << to_string(format) << ": " << done.error().message;
          frame::Image image;
          image.format = delivered->format;
          image.width = delivered->width;
          image.height = delivered->height;
          const auto decoded = codec::find_codec(codec_id)->make_decoder()->decode(bytes, image);
          ASSERT_TRUE(decoded) << to_string(format) << ": " << decoded.error().message;
          EXPECT_EQ(image.format, delivered->format);
          EXPECT_EQ(image.width, delivered->width);
        }
      }
    }
  }
}

TEST(PicturePipeline, DepthPngIsExact) {
  const auto profile = test_profile();
  auto frame = std::make_shared<Frame>(*test_frame(profile, 1));
  for (std::size_t i = 0; i < frame->data.size(); ++i)
    frame->data[i] = static_cast<std::byte>(i * 37 + i / 3);
  Wish wish;
  wish.codec = CodecId::Png;
  std::vector<std::byte> bytes;
  ASSERT_TRUE(PicturePipeline(wish).run(*frame, bytes));
  frame::Image image;
  image.format = PixelFormat::Z16;
  image.width = 16;
  image.height = 8;
  ASSERT_TRUE(codec::find_codec(CodecId::Png)->make_decoder()->decode(bytes, image));
  EXPECT_EQ(image.data, frame->data);
}

}  // namespace lenswire::hub
