#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "wire/lwp/decode.hpp"
#include "wire/lwp/encode.hpp"

namespace lenswire::wire::lwp {
namespace {

FrameHeader sample_header() {
  FrameHeader header;
  header.sequence = 0x1122334455667788;
  header.capture_time_ns = -5;
  header.arrival_time_ns = 7;
  header.send_time_ns = 9;
  header.capture_uncertainty_ns = 1000;
  header.domain = TimestampDomain::Device;
  header.codec = CodecId::Png;
  header.kind = StreamKind::Depth;
  header.flags = kFlagKeyframe;
  header.format = PixelFormat::Z16;
  header.width = 5;
  header.height = 4;
  header.profile_version = 3;
  header.calibration_version = 0xfedcba9876543210;
  header.decoded_bytes = 40;
  return header;
}

CaptureConditions sample_conditions() {
  return {.exposure = std::chrono::microseconds(8500),
          .gain = 16,
          .laser_power_mw = std::nullopt,
          .laser_on = false};
}

std::vector<std::byte> sample_frame_message() {
  Extensions extensions;
  extensions.frame = sample_header();
  extensions.missed.add(MissReason::SlowClient, 10, 2);
  extensions.missed.add(MissReason::SourceGap, 12, 1);
  extensions.region = RegionExtension{1, 2, 3, 4, 0.5};
  extensions.device_time_ns = 123;
  extensions.conditions = sample_conditions();
  std::vector<std::byte> message;
  encode_head(MessageType::Frame, 42, extensions, 3, message);
  for (const int v : {1, 2, 3}) message.push_back(static_cast<std::byte>(v));
  return message;
}

void expect_sample(const MessageView& view) {
  EXPECT_EQ(view.prefix.type, MessageType::Frame);
  EXPECT_EQ(view.prefix.tag, 42U);
  EXPECT_EQ(view.extensions.frame, sample_header());
  ASSERT_EQ(view.extensions.missed.records().size(), 2U);
  EXPECT_EQ(view.extensions.missed.records()[0], (Missed{MissReason::SlowClient, 2, 10}));
  EXPECT_EQ(view.extensions.missed.total(), 3U);
  EXPECT_EQ(view.extensions.region, (RegionExtension{1, 2, 3, 4, 0.5}));
  EXPECT_EQ(view.extensions.device_time_ns, 123);
  EXPECT_EQ(view.extensions.conditions, sample_conditions());
  ASSERT_EQ(view.payload.size(), 3U);
  EXPECT_EQ(view.payload[2], std::byte{3});
}

}  // namespace

TEST(LwpMessage, SurvivesEverySplitOfTheStream) {
  auto bytes = sample_frame_message();
  const auto hello = encode_map(MessageType::Hello, 0, {{"versions", {1, 1}}, {"client", "t"}});
  const auto first_size = bytes.size();
  bytes.insert(bytes.end(), hello.begin(), hello.end());
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    MessageAssembler assembler(Receiver::Client);
    const auto all = std::span<const std::byte>(bytes);
    assembler.feed(all.first(split));
    int messages = 0;
    const auto take_all = [&] {
      while (true) {
        const auto view = assembler.next();
        ASSERT_TRUE(view) << view.error().message;
        if (!*view) return;
        if (messages++ == 0) expect_sample(**view);
      }
    };
    take_all();
    EXPECT_EQ(messages, split < first_size ? 0 : split < bytes.size() ? 1 : 2);
    assembler.feed(all.subspan(split));
    take_all();
    EXPECT_EQ(messages, 2);
  }
}

TEST(LwpMessage, SurvivesByteByByte) {
  MessageAssembler assembler(Receiver::Client);
  int messages = 0;
  for (const auto byte : sample_frame_message()) {
    assembler.feed({&byte, 1});
    const auto view = assembler.next();
    ASSERT_TRUE(view);
    if (*view) {
      expect_sample(**view);
      ++messages;
    }
  }
  EXPECT_EQ(messages, 1);
}

TEST(LwpMessage, SkipsExtensionsItDoesNotKnowAndLongerOnes) {
  Extensions extensions;
  extensions.ack_frames = 77;
  auto message = encode_plain(MessageType::Ack, 1, extensions);
  // The known one grows by two bytes, and an unknown one follows.
  message.at(kPrefixBytes + 2) = std::byte{10};
  for (const int v : {0xaa, 0xbb, 200, 0, 1, 0, 9}) message.push_back(static_cast<std::byte>(v));
  message.at(6) = static_cast<std::byte>(message.size() - kPrefixBytes);
  MessageAssembler assembler(Receiver::Server);
  assembler.feed(message);
  const auto view = assembler.next();
  ASSERT_TRUE(view && *view);
  EXPECT_EQ((*view)->extensions.ack_frames, 77U);
}

TEST(LwpMessage, RefusesBrokenPrefixes) {
  const auto good = encode_map(MessageType::Hello, 0, {{"client", "t"}});
  const auto first = [&](std::size_t offset, int value, Receiver receiver = Receiver::Server) {
    auto bytes = good;
    bytes.at(offset) = static_cast<std::byte>(value);
    return decode_prefix(std::span(bytes).first(kPrefixBytes), receiver);
  };
  EXPECT_FALSE(first(0, 'X'));
  const auto version = first(4, 9);
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::VersionMismatch);
  EXPECT_NE(version.error().message.find("version 9"), std::string::npos);
  EXPECT_FALSE(first(5, 0));
  EXPECT_FALSE(first(5, 13));
  EXPECT_FALSE(first(10, 1)) << "65536 bytes and more are past the control limit";
  EXPECT_TRUE(first(10, 1, Receiver::Client));
}

TEST(LwpMessage, AcceptsTheLimitAndRefusesOnePast) {
  auto bytes = encode_plain(MessageType::Request, 1, {});
  const auto with_size = [&](std::size_t size) {
    for (std::size_t i = 0; i < 4; ++i) bytes.at(8 + i) = static_cast<std::byte>(size >> (8 * i));
    return decode_prefix(bytes, Receiver::Server).has_value();
  };
  EXPECT_TRUE(with_size(kMaxControlToServer));
  EXPECT_FALSE(with_size(kMaxControlToServer + 1));
}

TEST(LwpMessage, RefusesBrokenExtensions) {
  const auto message = sample_frame_message();
  const auto area = std::span(message).subspan(kPrefixBytes, message.size() - kPrefixBytes - 3);
  ASSERT_TRUE(decode_extensions(area));
  for (std::size_t cut = 1; cut < area.size(); ++cut) {
    const auto result = decode_extensions(area.first(area.size() - cut));
    // Cutting whole extensions off leaves a valid area; anything else must be refused.
    if (result) {
      EXPECT_TRUE(cut == 24 || cut == 36 || cut == 64 || cut == 100) << cut;
    }
  }
  std::vector<std::byte> twice(area.begin(), area.end());
  twice.insert(twice.end(), area.begin(), area.end());
  EXPECT_FALSE(decode_extensions(twice));
}

TEST(LwpMessage, CarriesPlacesInThePicture) {
  Extensions extensions;
  extensions.annotations.add({AnnotationKind::Ball, 12.5, -3, 20});
  std::vector<std::byte> head;
  encode_head(MessageType::Frame, 1, extensions, 0, head);
  const auto area = std::span<const std::byte>(head).subspan(kPrefixBytes);
  ASSERT_EQ(area.size(), 36U);
  const auto decoded = decode_extensions(area);
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->annotations.items().size(), 1U);
  EXPECT_EQ(decoded->annotations.items()[0], extensions.annotations.items()[0]);
  std::vector<std::byte> other(area.begin(), area.end());
  other[4] = std::byte{200};  // a kind of later versions
  EXPECT_TRUE(decode_extensions(other)->annotations.empty());
  other[18] = std::byte{0xf0};
  other[19] = std::byte{0x7f};  // x is no number
  EXPECT_FALSE(decode_extensions(other));
}

TEST(LwpMessage, RefusesImpossibleFrames) {
  const auto encode = [](FrameHeader header) {
    Extensions extensions;
    extensions.frame = header;
    std::vector<std::byte> head;
    encode_head(MessageType::Frame, 1, extensions, 0, head);
    return decode_extensions(std::span<const std::byte>(head).subspan(kPrefixBytes)).has_value();
  };
  auto header = sample_header();
  EXPECT_TRUE(encode(header));
  header.decoded_bytes = 41;
  EXPECT_FALSE(encode(header));
  header = sample_header();
  header.width = 0;
  EXPECT_FALSE(encode(header));
  header = sample_header();
  header.format = static_cast<PixelFormat>(1);
  EXPECT_FALSE(encode(header));
}

TEST(MissedList, KeepsTheTotalWhenItIsFull) {
  MissedList list;
  for (std::uint64_t i = 0; i < 100; ++i) list.add(MissReason::SlowClient, 10 * i, 1);
  EXPECT_EQ(list.records().size(), kMaxMissedRecords);
  EXPECT_EQ(list.total(), 100U);
}

TEST(MissedList, JoinsRunsThatContinue) {
  MissedList list;
  list.add(MissReason::SlowClient, 5, 1);
  list.add(MissReason::SlowClient, 6, 2);
  list.add(MissReason::RateLimit, 8, 1);
  ASSERT_EQ(list.records().size(), 2U);
  EXPECT_EQ(list.records()[0].count, 3U);
}

TEST(LwpMap, RoundTripsAndRefusesNonMaps) {
  const auto message = encode_map(MessageType::Request, 7, {{"op", "subscribe"}, {"scale", 0.5}});
  MessageAssembler assembler(Receiver::Server);
  assembler.feed(message);
  const auto view = assembler.next();
  ASSERT_TRUE(view && *view);
  const auto map = decode_map((*view)->payload);
  ASSERT_TRUE(map);
  EXPECT_EQ((*map)["op"], "subscribe");
  const auto list = nlohmann::json::to_cbor(nlohmann::json::array({1, 2}));
  EXPECT_FALSE(decode_map(std::as_bytes(std::span(list))));
  EXPECT_FALSE(decode_map({}));
}

}  // namespace lenswire::wire::lwp
