#include <string>

#include <gtest/gtest.h>

#include "wire/mjpeg_pull/part_reader.hpp"
#include "wire/mjpeg_pull/response_head.hpp"

namespace lenswire::wire::mjpeg_pull {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

constexpr std::string_view kTwoParts =
    "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\nX-Sequence: 7\r\n"
    "X-Capture-Time-Ns: 123456789\r\nX-Ball: 10.5 -2 20\r\n\r\n\r\n--\r\n"
    "--frame\r\ncontent-length: 1\r\n\r\nx\r\n--frame\r\n";

}  // namespace

TEST(MjpegPull, CutsPicturesAtAnySplit) {
  for (std::size_t cut = 0; cut <= kTwoParts.size(); ++cut) {
    PartReader reader;
    std::vector<PartHead> heads;
    for (auto part : {bytes_of(kTwoParts).first(cut), bytes_of(kTwoParts).subspan(cut)})
      while (!part.empty()) {
        const auto whole = reader.read(part);
        ASSERT_TRUE(whole) << whole.error().message;
        if (!*whole) continue;
        heads.push_back(reader.head());
        EXPECT_EQ(reader.picture().size(), reader.head().length);
      }
    ASSERT_EQ(heads.size(), 2U) << cut;
    EXPECT_EQ(heads[0].sequence, 7U);
    EXPECT_EQ(heads[0].capture_time_ns, 123456789);
    EXPECT_EQ(heads[0].ball, (Annotation{AnnotationKind::Ball, 10.5, -2, 20}));
    EXPECT_FALSE(heads[1].sequence || heads[1].capture_time_ns || heads[1].ball);
  }
}

TEST(MjpegPull, RefusesWhatIsNoStreamOfPictures) {
  for (const char* text :
       {"hello\r\n", "--f\r\nContent-Length: 0\r\n", "--f\r\nContent-Length: 33554433\r\n",
        "--f\r\nContent-Length: 1\r\nContent-Length: 1\r\n", "--f\r\nContent-Length: -1\r\n",
        "--f\r\n\r\n", "--f\r\nno header\r\n", "--f\rx"}) {
    PartReader reader;
    auto bytes = bytes_of(text);
    EXPECT_FALSE(reader.read(bytes)) << text;
  }
  PartReader reader;
  auto bytes = bytes_of("--f\r\nX-Ball: nan 1 2\r\nX-Sequence: x\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(reader.read(bytes).value());
  EXPECT_FALSE(reader.head().ball || reader.head().sequence);
}

TEST(MjpegPull, ReadsTheAnswersHead) {
  ResponseHead head;
  auto bytes = bytes_of("HTTP/1.1 200 OK\r\nContent-Type: a; b\r\n\r\nrest");
  ASSERT_TRUE(head.read(bytes).value());
  EXPECT_EQ(head.status(), 200);
  EXPECT_EQ(head.header("content-type"), "a; b");
  EXPECT_EQ(head.header("none"), "");
  EXPECT_EQ(bytes.size(), 4U);
  for (const char* text :
       {"SSH-2.0\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 2\r\n", "HTTP/2 200 OK\r\n"}) {
    ResponseHead other;
    auto wrong = bytes_of(text);
    EXPECT_FALSE(other.read(wrong)) << text;
  }
}

}  // namespace lenswire::wire::mjpeg_pull
