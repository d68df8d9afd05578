#include "codec/strata/strata_codec.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lenswire::codec {
namespace {

frame::Image slope() {
  frame::Image image;
  image.reshape(PixelFormat::Z16, 50, 20);
  for (std::size_t i = 0; i < image.data.size(); ++i)
    image.data[i] = static_cast<std::byte>(i % 2 == 0 ? i / 9 : 3);
  return image;
}

TEST(StrataCodec, RestoresAnImage) {
  const CodecEntry entry = strata_codec();
  const frame::Image image = slope();
  std::vector<std::byte> data;
  ASSERT_TRUE(entry.make_encoder({})->encode(image.view(), data));
  frame::Image back{PixelFormat::Z16, 50, 20, 0, {}};
  ASSERT_TRUE(entry.make_decoder()->decode(data, back));
  EXPECT_EQ(back.stride_bytes, 100U);
  EXPECT_EQ(back.data, image.data);
}

TEST(StrataCodec, RefusesWhatItDoesNotTake) {
  const CodecEntry entry = strata_codec();
  EXPECT_TRUE(entry.accepts(PixelFormat::Y16));
  EXPECT_FALSE(entry.accepts(PixelFormat::RGB8));
  frame::Image colour;
  colour.reshape(PixelFormat::RGB8, 4, 4);
  std::vector<std::byte> data;
  EXPECT_EQ(entry.make_encoder({})->encode(colour.view(), data).error().code,
            ErrorCode::Unsupported);
  frame::ImageView cut = slope().view();
  cut.data = {};
  EXPECT_EQ(entry.make_encoder({})->encode(cut, data).error().code, ErrorCode::InvalidArgument);
}

TEST(StrataCodec, RefusesAnotherSizeAndCutData) {
  const CodecEntry entry = strata_codec();
  std::vector<std::byte> data;
  ASSERT_TRUE(entry.make_encoder({})->encode(slope().view(), data));
  frame::Image other{PixelFormat::Z16, 51, 20, 0, {}};
  EXPECT_EQ(entry.make_decoder()->decode(data, other).error().code, ErrorCode::InvalidArgument);
  data.pop_back();
  frame::Image same{PixelFormat::Z16, 50, 20, 0, {}};
  EXPECT_EQ(entry.make_decoder()->decode(data, same).error().code, ErrorCode::Truncated);
}

}  // namespace
}  // namespace lenswire::codec
