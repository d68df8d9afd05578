#include "client/camera2tcp_source.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <deque>
#include <optional>
#include <string>

#include "client/camera2tcp_reader.hpp"

namespace lenswire::client {
namespace {

using wire::camera2tcp::Geometry;
using wire::camera2tcp::Service;

constexpr Geometry kSmall{4, 10, 3};

// A server's bytes, with silences between them: a receive that meets one ends at its deadline.
class Script final : public net::ClientStream {
 public:
  explicit Script(std::deque<std::optional<std::string>> pieces) : pieces_(std::move(pieces)) {}

  Result<std::size_t> receive(std::span<std::byte> into, std::size_t at_least,
                              MonotonicTime) override {
    std::size_t have = 0;
    while (have < std::max<std::size_t>(at_least, 1) && have < into.size()) {
      if (pieces_.empty()) return fail(ErrorCode::Disconnected, "the server closed the connection");
      if (!pieces_.front()) {
        if (pieces_.size() > 1) pieces_.pop_front();  // the last silence lasts
        break;
      }
      auto& text = *pieces_.front();
      const auto count = std::min(text.size(), into.size() - have);
      std::copy_n(reinterpret_cast<const std::byte*>(text.data()), count, into.data() + have);
      have += count;
      text.erase(0, count);
      if (text.empty()) pieces_.pop_front();
    }
    return have;
  }

  Result<void> send(std::span<const std::byte> bytes, MonotonicTime) override {
    sent->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }

  std::shared_ptr<std::string> sent = std::make_shared<std::string>();

 private:
  std::deque<std::optional<std::string>> pieces_;
};

constexpr std::nullopt_t silence = std::nullopt;

struct Conversation {
  Conversation(std::deque<std::optional<std::string>> pieces, Service service = Service::RgbWebcam,
               GzipMode gzip = GzipMode::Auto) {
    auto script = std::make_unique<Script>(std::move(pieces));
    sent = script->sent;
    reader.emplace(std::move(script),
                   Camera2TcpReader::Settings{service, std::string(to_string(service)), gzip,
                                              std::chrono::seconds(1)},
                   base::system_clock());
  }

  std::shared_ptr<std::string> sent;
  std::optional<Camera2TcpReader> reader;
  std::vector<std::byte> pixels;
};

std::string picture(std::size_t bytes = 120) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 7 % 256);
  return text;
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string gzipped(const std::string& text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return out;
}

Result<std::unique_ptr<Source>> make(const std::string& text) {
  auto uri = base::SourceUri::parse(text);
  if (!uri) return fail(uri.error());
  return camera2tcp_source_kind().make(std::move(*uri), {base::system_clock()});
}

}  // namespace

TEST(Camera2TcpReader, AsksForTheGeometry) {
  Conversation whole({"480,640,3", silence});
  EXPECT_EQ(whole.reader->ask_geometry().value(), (Geometry{480, 640, 3}));
  EXPECT_EQ(*whole.sent, "Connecting2RGBWebcam");
  Conversation cut({"48", silence, "0,64", "0,3", silence});
  EXPECT_EQ(cut.reader->ask_geometry().error().code, ErrorCode::Truncated);
  Conversation pieces({"48", "0,64", "0,3", silence});
  EXPECT_EQ(pieces.reader->ask_geometry().value(), (Geometry{480, 640, 3}));
  Conversation depth({"512,424,1", silence}, Service::KinectDepth);
  EXPECT_EQ(depth.reader->ask_geometry().value(), wire::camera2tcp::kKinectDepth);
}

TEST(Camera2TcpReader, SaysWhyThereIsNoGeometry) {
  const auto code = [](std::deque<std::optional<std::string>> pieces) {
    return Conversation(std::move(pieces)).reader->ask_geometry().error().code;
  };
  EXPECT_EQ(code({"no service available", silence}), ErrorCode::NotFound);
  EXPECT_EQ(code({"Invalid request", silence}), ErrorCode::Unsupported);
  EXPECT_EQ(code({silence}), ErrorCode::Timeout);
  EXPECT_EQ(code({}), ErrorCode::Disconnected);
  EXPECT_EQ(code({std::string(5000, '9')}), ErrorCode::InvalidArgument);
}

TEST(Camera2TcpReader, ReadsPicturesInPieces) {
  const auto first = picture();
  Conversation talk({first.substr(0, 50), silence, first.substr(50), picture(), silence});
  ASSERT_TRUE(talk.reader->read_picture(kSmall, talk.pixels).value());
  EXPECT_EQ(text_of(talk.pixels), first);
  ASSERT_TRUE(talk.reader->read_picture(kSmall, talk.pixels).value());
  EXPECT_EQ(*talk.sent, "RGBWebcamRGBWebcam");
}

TEST(Camera2TcpReader, ASendThatWasCutShortDoesNotHang) {
  Conversation talk({picture().substr(0, 100), silence});
  const auto done = talk.reader->read_picture(kSmall, talk.pixels);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::Truncated);
  EXPECT_NE(done.error().message.find("100 of 120"), std::string::npos);
}

TEST(Camera2TcpReader, KnowsTextsFromPictures) {
  Conversation none({"no frame", silence, "no depth frame", silence});
  EXPECT_FALSE(none.reader->read_picture(kSmall, none.pixels).value());
  EXPECT_FALSE(none.reader->read_picture(kSmall, none.pixels).value());
  Conversation unknown({"Invalid request", silence});
  EXPECT_EQ(unknown.reader->read_picture(kSmall, unknown.pixels).error().code,
            ErrorCode::Unsupported);
  const auto looks_like_text = "no frame" + picture(112);
  Conversation pixels({looks_like_text, silence});
  ASSERT_TRUE(pixels.reader->read_picture(kSmall, pixels.pixels).value());
  EXPECT_EQ(text_of(pixels.pixels), looks_like_text);
  Conversation silent({silence});
  EXPECT_EQ(silent.reader->read_picture(kSmall, silent.pixels).error().code, ErrorCode::Timeout);
}

TEST(Camera2TcpReader, SaysWhatAClosedConnectionMeans) {
  Conversation talk({}, Service::KinectDepth);
  const auto done = talk.reader->read_picture(wire::camera2tcp::kKinectDepth, talk.pixels);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::Disconnected);
  EXPECT_NE(done.error().message.find("without a Kinect"), std::string::npos);
}

TEST(Camera2TcpReader, InflatesGzipWhereItIs) {
  const auto packed = gzipped(picture());
  Conversation found({packed.substr(0, 7), packed.substr(7), packed, silence},
                     Service::KinectWebcam);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(found.reader->read_picture(kSmall, found.pixels).value());
    EXPECT_EQ(text_of(found.pixels), picture());
  }
  Conversation asked({packed, silence}, Service::RgbWebcam, GzipMode::Always);
  ASSERT_TRUE(asked.reader->read_picture(kSmall, asked.pixels).value());
  const auto like_gzip = "\x1f\x8b\x08" + picture(117);
  Conversation raw({like_gzip, silence}, Service::KinectWebcam, GzipMode::Never);
  ASSERT_TRUE(raw.reader->read_picture(kSmall, raw.pixels).value());
  EXPECT_EQ(text_of(raw.pixels), like_gzip);
}

TEST(Camera2TcpReader, RefusesBadGzip) {
  const auto code = [](std::string bytes) {
    Conversation talk({std::move(bytes), silence}, Service::KinectWebcam);
    const auto done = talk.reader->read_picture(kSmall, talk.pixels);
    EXPECT_FALSE(done);
    return done ? ErrorCode::Closed : done.error().code;
  };
  const auto packed = gzipped(picture());
  EXPECT_EQ(code(packed.substr(0, packed.size() - 5)), ErrorCode::Truncated);
  EXPECT_EQ(code(gzipped(picture(119))), ErrorCode::InvalidArgument);
  EXPECT_EQ(code(gzipped(picture(121))), ErrorCode::InvalidArgument);
  EXPECT_EQ(code(gzipped(std::string(10'000'000, 'x'))), ErrorCode::InvalidArgument);
  auto damaged = packed;
  damaged[packed.size() - 7] ^= 1;  // in the checksum
  EXPECT_EQ(code(damaged), ErrorCode::InvalidArgument);
}

TEST(Camera2TcpSource, TakesEveryServiceWithAPicture) {
  for (const auto* uri :
       {"camera2tcp://cam:2004/RGBWebcam", "camera2tcp:cam/SimpleImage",
        "camera2tcp://[::1]:8080/KinectDepth", "camera2tcp://[::1]/KinectWebcam?gzip=1",
        "camera2tcp://10.0.0.1/RGB?size=424x240&fps=5&timeout=2", "camera2tcp://cam/Depth"}) {
    const auto source = make(uri);
    EXPECT_TRUE(source) << uri << ": " << (source ? "" : source.error().message);
  }
}

TEST(Camera2TcpSource, SaysWhatIsWrongWithAUri) {
  for (const auto* uri :
       {"camera2tcp://cam", "camera2tcp://cam/", "camera2tcp:///RGBWebcam", "camera2tcp://cam/rgb",
        "camera2tcp://cam/KinectSkeleton", "camera2tcp://cam:0x/RGBWebcam",
        "camera2tcp://cam/RGBWebcam?gzip=2", "camera2tcp://cam/RGBWebcam?fps=0",
        "camera2tcp://cam/RGBWebcam?colour=1", "camera2tcp://cam/RGB?size=0x4"}) {
    const auto source = make(uri);
    ASSERT_FALSE(source) << uri;
    EXPECT_EQ(source.error().code, ErrorCode::InvalidArgument) << uri;
  }
}

}  // namespace lenswire::client
