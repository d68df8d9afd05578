#include "server/doors/ethersense/frame_packing.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace lenswire::server::ethersense {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using wire::pickle::Dialect;

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

frame::Image picture(PixelFormat format, std::initializer_list<std::uint16_t> steps) {
  frame::Image image;
  image.reshape(format, 3, 2);
  std::memcpy(image.data.data(), std::data(steps), image.data.size());
  return image;
}

const std::string kPickle =
    "\x80\x02"
    "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R(K\1K\2K\3\x86"
    "cnumpy\ndtype\nU\2u2\x89\x88\x87R(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89"
    "c_codecs\nencode\nX\x0e\0\0\0\1\0\2\0\3\0\0\1\xc3\xbf\xc3\xbf\r\nU\6latin1\x86Rtb."s;

}  // namespace

// 1700000000033.25 ms, as in the recording of an original server.
TEST(FramePacking, WritesTheWireBytes) {
  const base::ManualClock clock(monotonic_from_ns(5'000'000'000),
                                utc_from_ns(1'700'000'000'000'000'000));
  const FramePacking packing(Dialect::Universal, clock);
  Frame frame;
  frame.capture_time = monotonic_from_ns(5'033'250'000);
  const auto depth = picture(PixelFormat::Z16, {1, 2, 3, 256, 65535, 2573});
  std::vector<std::byte> out;
  ASSERT_TRUE(packing.pack(depth.view(), frame, out));
  EXPECT_EQ(text_of(out), std::string(1, static_cast<char>(kPickle.size())) +
                              "\0\0\0\x00\x14\x82\x56\xfe\xbc\x78\x42"s + kPickle);
}

TEST(FramePacking, AStepOfTheWallClockDoesNotShow) {
  base::ManualClock clock;
  const FramePacking packing(Dialect::Python3, clock);
  const auto depth = picture(PixelFormat::Z16, {1, 2, 3, 4, 5, 6});
  Frame frame;
  frame.capture_time = clock.now();
  std::vector<std::byte> before;
  std::vector<std::byte> after;
  ASSERT_TRUE(packing.pack(depth.view(), frame, before));
  clock.step_utc(1h);
  ASSERT_TRUE(packing.pack(depth.view(), frame, after));
  EXPECT_EQ(before, after);
}

TEST(FramePacking, RowsMayBePadded) {
  const base::ManualClock clock;
  const FramePacking packing(Dialect::Universal, clock);
  const auto packed = picture(PixelFormat::Z16, {1, 2, 3, 256, 65535, 2573});
  std::vector<std::byte> padded(16, std::byte{0x77});
  std::memcpy(padded.data(), packed.data.data(), 6);
  std::memcpy(padded.data() + 8, packed.data.data() + 6, 6);
  std::vector<std::byte> one;
  std::vector<std::byte> other;
  ASSERT_TRUE(packing.pack(packed.view(), {}, one));
  ASSERT_TRUE(packing.pack({PixelFormat::Z16, 3, 2, 8, padded}, {}, other));
  EXPECT_EQ(one, other);
}

TEST(FramePacking, GreyIsUint8AndColourIsRefused) {
  const base::ManualClock clock;
  const FramePacking packing(Dialect::Python3, clock);
  std::vector<std::byte> out;
  ASSERT_TRUE(packing.pack(picture(PixelFormat::Y8, {1, 2, 3}).view(), {}, out));
  EXPECT_NE(text_of(out).find("u1"), std::string::npos);
  frame::Image color;
  color.reshape(PixelFormat::RGB8, 3, 2);
  const auto refused = packing.pack(color.view(), {}, out);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
}

}  // namespace lenswire::server::ethersense
