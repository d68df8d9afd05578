#include "server/doors/camera2tcp/pictures.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "frame/image.hpp"
#include "server/doors/camera2tcp/test_picture.hpp"

namespace lenswire::server::camera2tcp {
namespace {

Frame depth_frame(std::uint32_t width, std::uint32_t height, double unit_m) {
  auto profile = std::make_shared<StreamProfile>();
  profile->kind = StreamKind::Depth;
  profile->format = PixelFormat::Z16;
  profile->width = width;
  profile->height = height;
  profile->depth_unit_m = unit_m;
  Frame frame;
  frame.profile = std::move(profile);
  frame.stride_bytes = width * 2;
  frame.data.resize(std::size_t{width} * height * 2);
  return frame;
}

void set_all(Frame& frame, std::uint16_t value) {
  for (std::size_t i = 0; i < frame.data.size(); i += 2)
    std::memcpy(frame.data.data() + i, &value, 2);
}

std::vector<std::byte> pack_depth(const Frame& frame, Compression compression = Compression::None) {
  std::vector<std::byte> out;
  const auto done = DepthPacking(compression).pack(frame::view_of(frame), frame, out);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return out;
}

// Millimetres at a pixel of a Kinect depth picture.
int at(const std::vector<std::byte>& picture, std::size_t row, std::size_t column) {
  const auto i = (row * 512 + column) * 2;
  return std::to_integer<int>(picture.at(i)) << 8 | std::to_integer<int>(picture.at(i + 1));
}

std::vector<std::byte> gunzip(const std::vector<std::byte>& packed, std::size_t size) {
  std::vector<std::byte> out(size);
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_out, 0U);
  EXPECT_EQ(stream.avail_in, 0U);
  ::inflateEnd(&stream);
  return out;
}

}  // namespace

TEST(Camera2TcpDepth, HighByteComesFirst) {
  auto frame = depth_frame(512, 424, 0.001);
  set_all(frame, 1234);
  const auto picture = pack_depth(frame);
  ASSERT_EQ(picture.size(), 434176U);
  EXPECT_EQ(picture[0], std::byte{0x04});
  EXPECT_EQ(picture[1], std::byte{0xd2});
  EXPECT_EQ(at(picture, 423, 511), 1234);
}

TEST(Camera2TcpDepth, KeepsTheShapeOfOtherSizes) {
  auto frame = depth_frame(640, 480, 0.001);
  set_all(frame, 700);
  const auto picture = pack_depth(frame);
  EXPECT_EQ(at(picture, 19, 256), 0);
  EXPECT_EQ(at(picture, 20, 0), 700);
  EXPECT_EQ(at(picture, 403, 511), 700);
  EXPECT_EQ(at(picture, 404, 256), 0);
}

TEST(Camera2TcpDepth, OtherUnitsBecomeMillimetres) {
  const auto converted = [](std::uint16_t value, double unit_m) {
    auto frame = depth_frame(512, 424, unit_m);
    set_all(frame, value);
    return at(pack_depth(frame), 200, 200);
  };
  EXPECT_EQ(converted(5000, 0.0001), 500);
  EXPECT_EQ(converted(1, 0.0001), 1) << "a measurement stays one";
  EXPECT_EQ(converted(0, 0.0001), 0);
  EXPECT_EQ(converted(65535, 0.001), 65535);
  EXPECT_EQ(converted(40000, 0.002), 0) << "too far to tell";
}

TEST(Camera2TcpDepth, GzipHoldsTheSamePicture) {
  auto frame = depth_frame(64, 53, 0.001);
  for (std::size_t i = 0; i < frame.data.size(); ++i)
    frame.data[i] = static_cast<std::byte>(i * 7 % 251);
  const auto packed = pack_depth(frame, Compression::Gzip);
  EXPECT_EQ(packed[0], std::byte{0x1f});
  EXPECT_EQ(packed[1], std::byte{0x8b});
  EXPECT_EQ(gunzip(packed, 434176), pack_depth(frame));
  EXPECT_EQ(pack_depth(frame, Compression::Gzip), packed) << "nothing is left of the frame before";
}

TEST(Camera2TcpColor, FillsTheSizeAndMovesTheMark) {
  auto frame = depth_frame(1, 1, 0);
  frame::Image picture;
  picture.reshape(PixelFormat::BGR8, 40, 30);
  std::fill(picture.data.begin(), picture.data.end(), std::byte{100});
  std::vector<std::byte> out;
  ASSERT_TRUE(ColorPacking({30, 60, 3}, Compression::None).pack(picture.view(), frame, out));
  ASSERT_EQ(out.size(), 30U * 60 * 3);
  EXPECT_EQ(out[9 * 3], std::byte{0});
  EXPECT_EQ(out[10 * 3], std::byte{100});
  const ColorPacking marked({30, 40, 3}, Compression::None, ColorPacking::Mark::Moving);
  std::vector<std::byte> first;
  ASSERT_TRUE(marked.pack(picture.view(), frame, first));
  frame.sequence = 1;
  ASSERT_TRUE(marked.pack(picture.view(), frame, out));
  EXPECT_NE(first, out);
  EXPECT_NE(first, picture.data);
}

TEST(Camera2TcpTestPicture, ChangesEveryThirtyMilliseconds) {
  TestPicture picture({48, 64, 3});
  const auto start = monotonic_from_ns(3'000'000'000);
  const auto first = picture.at(start);
  EXPECT_EQ(first->payload().size(), 9216U);
  EXPECT_EQ(picture.at(start + std::chrono::milliseconds(29)), first) << "made once for all";
  const auto second = picture.at(start + std::chrono::milliseconds(30));
  EXPECT_NE(first->encoded, second->encoded);
  EXPECT_NE(first->encoded, picture.base().data);
}

}  // namespace lenswire::server::camera2tcp
