#include "wire/ball/signal.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lenswire::wire::ball {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// The streams of the recording, one for each direction, in order of their appearance.
std::vector<std::string> recorded_streams(const std::filesystem::path& file) {
  std::vector<std::pair<std::string, std::string>> streams;
  std::string* now = nullptr;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("[")) {
      now = nullptr;
      const auto from = line.find("tcp ");
      if (from == std::string::npos || line.find(" bytes in ") == std::string::npos) continue;
      const auto who = line.substr(from, line.find(" -> ") - from);
      auto found = std::find_if(streams.begin(), streams.end(),
                                [&](const auto& entry) { return entry.first == who; });
      if (found == streams.end()) {
        streams.emplace_back(who, std::string());
        found = streams.end() - 1;
      }
      now = &found->second;
    } else if (now && line.size() > 12) {
      const auto hex = line.substr(12, 16 * 3);
      for (std::size_t i = 0; i + 1 < hex.size() && hex[i] != ' '; i += 3)
        now->push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
  }
  std::vector<std::string> out;
  for (auto& [who, bytes] : streams) out.push_back(std::move(bytes));
  return out;
}

}  // namespace

TEST(BallSignal, ReadsAndWritesTheRecordedLinesByteForByte) {
  const std::filesystem::path file = std::string(LENSWIRE_SOURCE_DIR) +
                                     "/../shared/protocols/transcripts/datachannel-signaling.txt";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
  const auto streams = recorded_streams(file);
  ASSERT_EQ(streams.size(), 2U);
  const Signal::Type types[] = {Signal::Type::Offer, Signal::Type::Answer};
  for (std::size_t i = 0; i < streams.size(); ++i) {
    SignalReader reader;
    auto left = bytes_of(streams[i]);
    const auto signal = reader.read(left);
    ASSERT_TRUE(signal) << signal.error().message;
    ASSERT_TRUE(*signal);
    EXPECT_EQ((*signal)->type, types[i]);
    EXPECT_TRUE((*signal)->sdp.starts_with("v=0\r\n"));
    EXPECT_NE((*signal)->sdp.find("DTLS/SCTP 5000\r\n"), std::string::npos);
    EXPECT_EQ(encode(**signal).value(), streams[i].substr(0, streams[i].find('\n') + 1));
  }
}

TEST(BallSignal, WritesWhatPythonWrites) {
  Signal offer;
  offer.type = Signal::Type::Offer;
  offer.sdp = "v=0\r\ns=\"\xc3\xa4\"\r\n";
  EXPECT_EQ(encode(offer).value(),
            "{\"sdp\": \"v=0\\r\\ns=\\\"\\u00e4\\\"\\r\\n\", \"type\": \"offer\"}\n");
  EXPECT_EQ(encode(Signal{}).value(), "{\"type\": \"bye\"}\n");
  Signal candidate;
  candidate.type = Signal::Type::Candidate;
  candidate.candidate = "candidate:1 1 udp 1 10.0.0.1 9 typ host";
  candidate.id = "0";
  EXPECT_EQ(encode(candidate).value(),
            "{\"candidate\": \"candidate:1 1 udp 1 10.0.0.1 9 typ host\", \"id\": \"0\", "
            "\"label\": 0, \"type\": \"candidate\"}\n");
  for (const auto& signal : {offer, Signal{}, candidate}) {
    auto line = encode(signal).value();
    line.pop_back();
    EXPECT_EQ(parse_line(line).value(), signal);
  }
}

TEST(BallSignal, TakesAnySplitOfTheStream) {
  const std::string stream =
      "{\"sdp\": \"v=0\", \"type\": \"answer\"}\n{\"type\":\"bye\",\"more\":[1]}\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SignalReader reader;
    std::vector<Signal> signals;
    for (auto part : {bytes_of(stream).first(cut), bytes_of(stream).subspan(cut)})
      while (!part.empty()) {
        auto signal = reader.read(part);
        ASSERT_TRUE(signal);
        if (*signal) signals.push_back(**signal);
      }
    ASSERT_EQ(signals.size(), 2U);
    EXPECT_EQ(signals[0].sdp, "v=0");
    EXPECT_EQ(signals[1].type, Signal::Type::Bye);
  }
}

TEST(BallSignal, TakesTheLongestLineAndRefusesOneByteMore) {
  const std::string head = "{\"type\": \"bye\", \"x\": \"";
  const auto line = [&](std::size_t size) {
    return head + std::string(size - head.size() - 2, 'x') + "\"}";
  };
  EXPECT_TRUE(parse_line(line(kMaxLineBytes)));
  EXPECT_FALSE(parse_line(line(kMaxLineBytes + 1)));
  SignalReader reader;
  const auto longest = line(kMaxLineBytes) + "\n";
  auto bytes = bytes_of(longest);
  EXPECT_TRUE(reader.read(bytes).value());
  const std::string endless(kMaxLineBytes + 1, ' ');
  bytes = bytes_of(endless);
  EXPECT_FALSE(reader.read(bytes));
  Signal offer;
  offer.type = Signal::Type::Offer;
  offer.sdp.assign(kMaxLineBytes, 'x');
  EXPECT_FALSE(encode(offer));
}

TEST(BallSignal, RefusesEverythingElse) {
  for (const char* line :
       {"", "[]", "7", "{}", "{\"type\": 1}", "{\"type\": \"hello\"}", "{\"type\": \"offer\"}",
        "{\"type\": \"offer\", \"sdp\": 1}", "{\"type\": \"answer\", \"sdp\": \"\"}",
        "{\"type\": \"candidate\", \"candidate\": \"c\", \"id\": \"0\"}",
        "{\"type\": \"candidate\", \"candidate\": \"c\", \"id\": \"0\", \"label\": -1}",
        "{\"type\": \"candidate\", \"candidate\": \"c\", \"id\": \"0\", \"label\": 1e9}",
        "{\"type\": \"bye\"} {", "{\"type\": \"bye\", \"x\": [[[[[1]]]]]}"})
    EXPECT_FALSE(parse_line(line)) << line;
}

}  // namespace lenswire::wire::ball
