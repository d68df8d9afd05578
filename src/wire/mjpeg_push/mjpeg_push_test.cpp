#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "wire/mjpeg_push/encode.hpp"
#include "wire/mjpeg_push/push_reader.hpp"

namespace lenswire::wire::mjpeg_push {
namespace {

// What was understood, as text: the head, each picture, the end, or the error.
std::vector<std::string> told(std::string_view text, std::size_t piece = 1 << 20) {
  PushReader reader;
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto now = text.substr(0, piece);
    text.remove_prefix(now.size());
    auto bytes = std::as_bytes(std::span(now));
    while (true) {
      const auto step = reader.read(bytes);
      if (!step) {
        out.push_back("error: " + step.error().message);
        return out;
      }
      if (*step == PushReader::Step::NeedMore) break;
      if (*step == PushReader::Step::End) {
        out.push_back("end");
        return out;
      }
      if (*step == PushReader::Step::Head) {
        out.push_back("head " + reader.head().target + " " + reader.head().stream_id);
      } else {
        const auto picture = reader.picture();
        out.emplace_back(reinterpret_cast<const char*>(picture.data()), picture.size());
      }
    }
  }
  return out;
}

std::string part(std::string_view picture, Framing framing = Framing::Chunked) {
  std::vector<std::byte> head;
  write_part_head(head, picture.size(), framing);
  return std::string(reinterpret_cast<const char*>(head.data()), head.size()) +
         std::string(picture) + std::string(part_tail(framing));
}

std::string push(std::string_view body,
                 std::string_view content_type = "multipart/x-mixed-replace; boundary=--frame;") {
  return fmt::format(
      "POST /in HTTP/1.1\r\nHost: h\r\nContent-Type: {}\r\nStream-ID: cam-7\r\n"
      "Transfer-Encoding: chunked\r\n\r\n{}",
      content_type, body);
}

std::string chunk(std::string_view text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

// The hexadecimal dump of one section of a transcript, as bytes; only up to where it was trimmed.
std::string transcript(const std::string& file, std::string_view section) {
  const auto path =
      std::filesystem::path(LENSWIRE_SOURCE_DIR) / "../shared/protocols/transcripts" / file;
  std::ifstream in(path);
  std::string line;
  std::string bytes;
  bool inside = false;
  while (std::getline(in, line)) {
    if (line.starts_with('[')) inside = line.starts_with(section);
    if (!inside || !line.starts_with("    0")) continue;
    for (const auto& word : {line.substr(12, 47)})
      for (std::size_t i = 0; i + 1 < word.size() && word[i] != ' '; i += 3)
        bytes.push_back(static_cast<char>(std::stoi(word.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(MjpegPush, PartIsByteForByteTheOriginals) {
  EXPECT_EQ(part("JPEG", Framing::Plain),
            "--frame\r\nContent-Type:image/jpeg\r\nContent-Length: 4\r\n\r\nJPEG\r\n");
  // The recorded chunk lengths: 0x14317 around 82650 bytes, 0x45e7 around 17834.
  EXPECT_TRUE(part(std::string(82650, 'x')).starts_with("14317\r\n--frame\r\n"));
  EXPECT_TRUE(part(std::string(17834, 'x')).starts_with("45e7\r\n--frame\r\n"));
  EXPECT_TRUE(part("JPEG").ends_with("JPEG\r\n\r\n"));
}

TEST(MjpegPush, HeadIsByteForByteTheOriginals) {
  EXPECT_EQ(push_head({"127.0.0.1:5038", "/", "cam-7", 640, 240}),
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:5038\r\nUser-Agent: python-requests/2.28.1\r\n"
            "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n"
            "Content-Type: multipart/x-mixed-replace; boundary=--frame;\r\n"
            "Content-Resolution: 640x240x3\r\nStream-ID: cam-7\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
}

TEST(MjpegPush, SendsWhatWasRecorded) {
  const auto recorded = transcript("realsense-https-push.txt", "[video");
  if (recorded.empty()) GTEST_SKIP() << "needs ../shared/protocols/transcripts";
  std::vector<std::byte> head;
  write_part_head(head, 17834, Framing::Chunked);
  const auto ours = push_head({"127.0.0.1:5038", "/", "cam-7", 640, 240}) +
                    std::string(reinterpret_cast<const char*>(head.data()), head.size());
  EXPECT_EQ(ours, recorded.substr(0, ours.size()));
  EXPECT_EQ(location_post("127.0.0.1:5039", "/",
                          R"({"latitude": "60.169857", "longitude": "24.938379", "speed": "1.5"})"),
            transcript("realsense-https-push.txt", "[gps"));
}

TEST(PushReader, UnderstandsTheRecordedHead) {
  const auto recorded = transcript("realsense-https-push.txt", "[video");
  if (recorded.empty()) GTEST_SKIP() << "needs ../shared/protocols/transcripts";
  PushReader reader;
  auto bytes = std::as_bytes(std::span(recorded));
  ASSERT_EQ(*reader.read(bytes), PushReader::Step::Head);
  EXPECT_EQ(reader.head().stream_id, "cam-7");
  EXPECT_EQ(reader.head().boundary, "--frame");
  ASSERT_TRUE(reader.head().resolution);
  EXPECT_EQ(reader.head().resolution->width, 640U);
  EXPECT_EQ(*reader.read(bytes), PushReader::Step::NeedMore);
}

TEST(PushReader, FindsThePicturesInAnyPieces) {
  const auto text = push(part("first") + part("the second") + std::string(kLastChunk));
  const std::vector<std::string> wanted = {"head /in cam-7", "first", "the second", "end"};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(told(text, piece), wanted);
}

TEST(PushReader, PartsMayStraddleChunks) {
  const auto body = part("first", Framing::Plain) + part("second", Framing::Plain);
  for (std::size_t size = 1; size < body.size(); ++size) {
    std::string chunks;
    for (std::size_t at = 0; at < body.size(); at += size) chunks += chunk(body.substr(at, size));
    EXPECT_EQ(told(push(chunks + "0;last=1\r\nTrailer: x\r\n\r\n")),
              (std::vector<std::string>{"head /in cam-7", "first", "second", "end"}));
  }
}

TEST(PushReader, TakesEveryWayToWriteTheBoundary) {
  const auto ours = chunk(part("one", Framing::Plain));
  for (const auto* type :
       {"multipart/x-mixed-replace; boundary=--frame",
        "multipart/x-mixed-replace; boundary=--frame;",
        "multipart/x-mixed-replace;boundary=\"--frame\"",
        "multipart/x-mixed-replace; boundary=frame",
        "multipart/x-mixed-replace; charset=x; BOUNDARY = frame ; y=z", "image/jpeg", ""})
    EXPECT_EQ(told(push(ours, type)), (std::vector<std::string>{"head /in cam-7", "one"})) << type;
  EXPECT_EQ(told(push(chunk("----frame\r\nContent-Length: 1\r\n\r\nx\r\n----frame--\r\n"))),
            (std::vector<std::string>{"head /in cam-7", "x", "end"}));
}

TEST(PushReader, HeadersMayBeMissing) {
  EXPECT_EQ(told("POST /a?b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + part("x")),
            (std::vector<std::string>{"head /a?b ", "x"}));
  EXPECT_EQ(told("POST / HTTP/1.0\r\n\r\n" + part("x", Framing::Plain)),
            (std::vector<std::string>{"head / ", "x"}));
  const auto body = part("x", Framing::Plain);
  EXPECT_EQ(
      told(fmt::format("PUT / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}garbage", body.size(), body)),
      (std::vector<std::string>{"head / ", "x", "end"}));
}

TEST(PushReader, APartWithoutLengthEndsAtTheNext) {
  const std::string head = "--frame\r\ncontent-type: image/jpeg\r\n\r\n";
  const auto text = push(chunk(head + "fi\r\n--frXst\r\n" + head + "second\r\n" + head));
  const std::vector<std::string> wanted = {"head /in cam-7", "fi\r\n--frXst", "second"};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(told(text, piece), wanted);
}

TEST(PushReader, RefusesWhatIsMalformed) {
  const auto refused = [](const std::string& text) {
    const auto seen = told(text);
    return !seen.empty() && seen.back().starts_with("error: ");
  };
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(refused("POST / HTTP/2\r\n\r\n"));
  EXPECT_TRUE(refused("POST\r\n"));
  EXPECT_TRUE(refused("POST / HTTP/1.1\nHost: x\n\n"));
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n"));
  EXPECT_TRUE(refused(std::string("POST / HTTP/1.1\r\nA: \0\r\n\r\n", 25)));
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\nNo colon\r\n\r\n"));
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"));
  EXPECT_TRUE(
      refused("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n"));
  EXPECT_TRUE(refused(push("\r\n")));
  EXPECT_TRUE(refused(push("-1\r\n")));
  EXPECT_TRUE(refused(push("123456789\r\n")));
  EXPECT_TRUE(refused(push("3\r\n--fx\r\n")));
  EXPECT_TRUE(refused(push(chunk("preamble\r\n"))));
  EXPECT_TRUE(refused(push(chunk("--other\r\n"))));
  EXPECT_TRUE(refused(push(chunk("--frame\r\nContent-Length: 1x\r\n\r\n"))));
  EXPECT_TRUE(refused(push(chunk("--frame\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"))));
}

TEST(PushReader, HoldsItsLimits) {
  const auto length = [](std::size_t bytes) {
    return told(push(chunk(fmt::format("--frame\r\nContent-Length: {}\r\n\r\n", bytes)))).size();
  };
  EXPECT_EQ(length(kMaxPictureBytes), 1U);
  EXPECT_EQ(length(kMaxPictureBytes + 1), 2U);  // with the error

  const auto headers = [](std::size_t count) {
    std::string text = "POST / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < count; ++i) text += "a: b\r\n";
    return told(text + "\r\n").back();
  };
  EXPECT_EQ(headers(kMaxHeaders), "head / ");
  EXPECT_TRUE(headers(kMaxHeaders + 1).starts_with("error"));

  const auto header_line = [](std::size_t bytes) {
    return told("POST / HTTP/1.1\r\na:" + std::string(bytes - 2, 'x') + "\r\n\r\n").back();
  };
  EXPECT_EQ(header_line(kMaxHeadLineBytes), "head / ");
  EXPECT_TRUE(header_line(kMaxHeadLineBytes + 1).starts_with("error"));

  const auto id = [](std::size_t bytes) {
    return told("POST / HTTP/1.1\r\nStream-ID: " + std::string(bytes, 'i') + "\r\n\r\n").back();
  };
  EXPECT_TRUE(id(kMaxStreamIdBytes).starts_with("head"));
  EXPECT_TRUE(id(kMaxStreamIdBytes + 1).starts_with("error"));
}

TEST(PushReader, APictureWithoutLengthHasALimitToo) {
  PushReader reader;
  const std::string head = "POST / HTTP/1.1\r\n\r\n--frame\r\n\r\n";
  auto bytes = std::as_bytes(std::span(head));
  ASSERT_EQ(*reader.read(bytes), PushReader::Step::Head);
  ASSERT_EQ(*reader.read(bytes), PushReader::Step::NeedMore);
  const std::vector<std::byte> filler(1 << 20);
  bool refused = false;
  for (int i = 0; i < 34 && !refused; ++i) {
    std::span<const std::byte> piece(filler);
    refused = !reader.read(piece);
  }
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace lenswire::wire::mjpeg_push
