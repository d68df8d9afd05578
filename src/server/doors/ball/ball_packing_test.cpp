#include "server/doors/ball/ball_packing.hpp"

#include <gtest/gtest.h>

#include "wire/pickle/decode.hpp"

namespace lenswire::server::ball {
namespace {

frame::Image black_with_dot(std::uint32_t width, std::uint32_t height, std::uint32_t x,
                            std::uint32_t y) {
  frame::Image image;
  image.reshape(PixelFormat::BGR8, width, height);
  std::fill(image.data.begin(), image.data.end(), std::byte{0});
  image.data[std::size_t{y} * image.stride_bytes + 3 * std::size_t{x}] = std::byte{255};
  return image;
}

Frame frame_of(std::uint32_t width, std::uint32_t height, double x, double y) {
  StreamProfile profile;
  profile.width = width;
  profile.height = height;
  Frame frame;
  frame.profile = std::make_shared<const StreamProfile>(profile);
  frame.annotations.add({AnnotationKind::Ball, x, y, 20});
  return frame;
}

}  // namespace

TEST(BallPacking, PicklesAPictureOfTheOriginalSizeAsItIs) {
  const BallPacking packing(400, 400);
  const auto image = black_with_dot(400, 400, 7, 5);
  const auto frame = frame_of(400, 400, 7, 5);
  std::vector<std::byte> out;
  ASSERT_TRUE(packing.pack(image.view(), frame, out));
  const auto array = wire::pickle::decode(out);
  ASSERT_TRUE(array) << array.error().message;
  EXPECT_EQ(array->dtype, wire::pickle::DType::UInt8);
  EXPECT_EQ(array->shape, (wire::pickle::Shape{3, {400, 400, 3}}));
  const auto view = array->view();
  ASSERT_TRUE(view);
  EXPECT_TRUE(std::equal(image.data.begin(), image.data.end(), view->data.begin()));
  EXPECT_EQ(packing.truth(frame), (wire::ball::Estimate{7, 5}));
}

TEST(BallPacking, FitsOtherPicturesAndTheirTruth) {
  const BallPacking packing(400, 400);
  const auto image = black_with_dot(800, 400, 100, 100);
  std::vector<std::byte> out;
  ASSERT_TRUE(packing.pack(image.view(), frame_of(800, 400, 100, 100), out));
  EXPECT_EQ(wire::pickle::decode(out)->shape, (wire::pickle::Shape{3, {400, 400, 3}}));
  // Half the size, 100 rows of black above and below.
  EXPECT_EQ(packing.truth(frame_of(800, 400, 100.5, 100.5)), (wire::ball::Estimate{50, 150}));
  EXPECT_FALSE(packing.truth(Frame{}));
}

TEST(BallPacking, RefusesDepth) {
  frame::Image image;
  image.reshape(PixelFormat::Z16, 400, 400);
  std::vector<std::byte> out;
  EXPECT_FALSE(BallPacking(400, 400).pack(image.view(), frame_of(400, 400, 0, 0), out));
}

}  // namespace lenswire::server::ball
