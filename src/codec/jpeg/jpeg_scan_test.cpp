#include "codec/jpeg/jpeg_scan.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace lenswire::codec {
namespace {

using Bytes = std::vector<std::byte>;

void add(Bytes& to, std::initializer_list<int> values) {
  for (const int value : values) to.push_back(static_cast<std::byte>(value));
}

void add_frame_header(Bytes& to, int marker, int width, int height, int components) {
  add(to, {0xff, marker, 0, 8 + 3 * components, 8, height >> 8, height & 0xff, width >> 8,
           width & 0xff, components});
  for (int i = 0; i < components; ++i) add(to, {i + 1, 0x11, 0});
}

void add_scan(Bytes& to) {
  add(to, {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34, 0xff, 0, 0x56});
}

Bytes small_picture(int marker = 0xc0, int width = 16, int height = 8, int components = 1) {
  Bytes data;
  add(data, {0xff, 0xd8});
  add_frame_header(data, marker, width, height, components);
  add_scan(data);
  add(data, {0xff, 0xd9});
  return data;
}

}  // namespace

TEST(JpegScan, ReadsTheMarkers) {
  const auto data = small_picture(0xc0, 160, 120, 3);
  const auto summary = scan_jpeg(data);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->width, 160U);
  EXPECT_EQ(summary->height, 120U);
  EXPECT_EQ(summary->components, 3);
  EXPECT_EQ(summary->scans, 1);
  EXPECT_FALSE(summary->progressive);
  EXPECT_FALSE(summary->has_huffman_tables);
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(summary->first_scan, 2U + 19);
  EXPECT_EQ(summary->end, data.size());
  EXPECT_TRUE(scan_jpeg(small_picture(0xc2))->progressive);
}

TEST(JpegScan, FindsTheTrueEnd) {
  auto data = small_picture();
  const auto end = data.size();
  add(data, {0, 0, 0xff, 0xd8, 0xff, 0xd9});  // a camera's padding, and a second picture
  auto summary = scan_jpeg(data);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(summary->end, end);

  // A thumbnail's EOI inside APP1 ends nothing.
  Bytes with_thumbnail;
  add(with_thumbnail, {0xff, 0xd8, 0xff, 0xe1, 0, 8, 0xff, 0xd8, 0xff, 0xd9, 0, 0});
  add_frame_header(with_thumbnail, 0xc0, 16, 8, 1);
  add_scan(with_thumbnail);
  add(with_thumbnail, {0xff, 0xd0, 0x11, 0xff, 0xff, 0xd9});  // restart marker, fill byte, EOI
  summary = scan_jpeg(with_thumbnail);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->complete);
  EXPECT_EQ(summary->end, with_thumbnail.size());
}

TEST(JpegScan, TellsACutPictureFromACutHead) {
  const auto data = small_picture();
  for (std::size_t size = 0; size < data.size(); ++size) {
    const auto summary = scan_jpeg(std::span(data).first(size));
    if (size < 25) {  // where the header of the scan ends
      ASSERT_FALSE(summary) << size;
      EXPECT_EQ(summary.error().code, ErrorCode::Truncated) << size;
    } else {
      ASSERT_TRUE(summary) << size;
      EXPECT_FALSE(summary->complete) << size;
    }
  }
}

TEST(JpegScan, CountsScansUpToTheLimit) {
  Bytes data;
  add(data, {0xff, 0xd8});
  add_frame_header(data, 0xc2, 16, 8, 1);
  for (int i = 0; i < kMaxJpegScans; ++i) add_scan(data);
  Bytes one_more = data;
  add(data, {0xff, 0xd9});
  EXPECT_EQ(scan_jpeg(data)->scans, kMaxJpegScans);
  add_scan(one_more);
  add(one_more, {0xff, 0xd9});
  EXPECT_EQ(scan_jpeg(one_more).error().code, ErrorCode::InvalidArgument);
}

TEST(JpegScan, BoundsTheDecodersTime) {
  // 8192 x 8192 in five scans: allowed size, too much work.
  Bytes data;
  add(data, {0xff, 0xd8});
  add_frame_header(data, 0xc2, 8192, 8192, 1);
  for (int i = 0; i < 4; ++i) add_scan(data);
  data.resize(data.size() + 65536);  // so that the size is possible
  Bytes five = data;
  add(data, {0xff, 0xd9});
  ASSERT_TRUE(scan_jpeg(data)) << scan_jpeg(data).error().message;
  add_scan(five);
  add(five, {0xff, 0xd9});
  EXPECT_EQ(scan_jpeg(five).error().code, ErrorCode::InvalidArgument);
}

TEST(JpegScan, RefusesWhatNoDecoderOfOursTakes) {
  const auto code_of = [](const Bytes& data) {
    const auto summary = scan_jpeg(data);
    EXPECT_FALSE(summary);
    return summary ? ErrorCode::Closed : summary.error().code;
  };
  EXPECT_EQ(code_of(small_picture(0xc3)), ErrorCode::Unsupported);             // lossless
  EXPECT_EQ(code_of(small_picture(0xc9)), ErrorCode::Unsupported);             // arithmetic
  EXPECT_EQ(code_of(small_picture(0xc0, 0, 8)), ErrorCode::InvalidArgument);   // no width
  EXPECT_EQ(code_of(small_picture(0xc0, 16, 0)), ErrorCode::InvalidArgument);  // height unknown
  EXPECT_EQ(code_of(small_picture(0xc0, 16, 8, 0)), ErrorCode::InvalidArgument);
  EXPECT_EQ(code_of(small_picture(0xc0, 16, 8, 5)), ErrorCode::InvalidArgument);
  EXPECT_EQ(code_of(small_picture(0xc0, 65535, 65535)), ErrorCode::InvalidArgument);
  EXPECT_EQ(code_of(small_picture(0xc0, 8192, 8192)), ErrorCode::InvalidArgument);  // in 38 bytes
  Bytes twelve_bit = small_picture();
  twelve_bit[6] = std::byte{12};
  EXPECT_EQ(code_of(twelve_bit), ErrorCode::Unsupported);

  Bytes no_picture;
  add(no_picture, {0xff, 0xd8, 0xff, 0xd9});
  EXPECT_EQ(code_of(no_picture), ErrorCode::InvalidArgument);
  Bytes scan_first;
  add(scan_first, {0xff, 0xd8});
  add_scan(scan_first);
  EXPECT_EQ(code_of(scan_first), ErrorCode::InvalidArgument);
  Bytes two_headers;
  add(two_headers, {0xff, 0xd8});
  add_frame_header(two_headers, 0xc0, 16, 8, 1);
  add_frame_header(two_headers, 0xc0, 32, 8, 1);
  EXPECT_EQ(code_of(two_headers), ErrorCode::InvalidArgument);
  Bytes rubbish;
  add(rubbish, {0xff, 0xd8, 0x12, 0x34});
  EXPECT_EQ(code_of(rubbish), ErrorCode::InvalidArgument);
  Bytes short_segment;
  add(short_segment, {0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0, 0});
  EXPECT_EQ(code_of(short_segment), ErrorCode::Truncated);
  EXPECT_EQ(code_of(Bytes{}), ErrorCode::Truncated);
}

TEST(JpegScan, HeadStopsAtTheFirstScan) {
  auto data = small_picture();
  data.resize(data.size() - 4);  // a cut picture may still be passed on
  const auto head = scan_jpeg_head(data);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->scans, 1);
  EXPECT_FALSE(head->complete);
}

}  // namespace lenswire::codec
