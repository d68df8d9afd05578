#include "source/v4l2/jpeg_extent.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace lenswire::source::v4l2 {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

// 16x8: start, frame header, scan header, scan data with a stuffed FF and a restart, end.
std::vector<std::byte> small_jpeg() {
  return bytes({0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 8,    0,    8,    0,   16, 1,
                1,    0x11, 0,    0xFF, 0xDA, 0x00, 0x08, 1,    1,    0,   0,  0x3F,
                0x00, 0x55, 0xFF, 0x00, 0x66, 0xFF, 0xD0, 0x77, 0xFF, 0xD9});
}

TEST(JpegExtent, EndsAtTheEndMarker) {
  auto data = small_jpeg();
  const auto whole = data.size();
  EXPECT_EQ(jpeg_extent(data, 16, 8), whole);
  data.resize(whole + 100);  // zeros, as drivers pad
  EXPECT_EQ(jpeg_extent(data, 16, 8), whole);
}

TEST(JpegExtent, RefusesEveryTruncation) {
  const auto data = small_jpeg();
  for (std::size_t size = 0; size < data.size(); ++size)
    EXPECT_FALSE(jpeg_extent(std::span(data).first(size), 16, 8)) << size;
}

TEST(JpegExtent, EndsWhereAScanHeaderIsCutShort) {
  auto data = small_jpeg();
  data[18] = std::byte{200};  // the scan header's length
  data[19] = std::byte{0};    // what once was read over and over
  EXPECT_FALSE(jpeg_extent(data, 16, 8));
}

TEST(JpegExtent, RefusesAnotherSize) {
  EXPECT_FALSE(jpeg_extent(small_jpeg(), 16, 9));
  EXPECT_FALSE(jpeg_extent(small_jpeg(), 8, 16));
}

TEST(JpegExtent, RefusesWhatIsNoPicture) {
  EXPECT_FALSE(jpeg_extent(bytes({0xFF, 0xD8, 0xFF, 0xD9}), 0, 0)) << "no frame header";
  EXPECT_FALSE(jpeg_extent(bytes({0x00, 0xD8, 0xFF, 0xD9}), 0, 0));
  EXPECT_FALSE(jpeg_extent(bytes({0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x01}), 0, 0)) << "length 1";
  EXPECT_FALSE(jpeg_extent(bytes({0xFF, 0xD8, 0xFF, 0xD8, 0xFF, 0xD9}), 0, 0)) << "two starts";
}

}  // namespace
}  // namespace lenswire::source::v4l2
