#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wire/sdp/session.hpp"

namespace lenswire::wire::sdp {
namespace {

const std::string kPrint =
    "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:"
    "E8:F9";
const std::string kKeys =
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 " + kPrint +
    "\r\na=setup:actpass\r\n";
const std::string kHead = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
const std::string kOld =
    kHead +
    "a=group:BUNDLE 0\r\nm=application 33155 DTLS/SCTP 5000\r\n"
    "c=IN IP4 10.99.0.1\r\na=mid:0\r\na=sctpmap:5000 webrtc-datachannel 65535\r\n"
    "a=max-message-size:65536\r\n"
    "a=candidate:4a 1 udp 2130706431 10.99.0.1 33155 typ host\r\n" +
    kKeys;
const std::string kNew = kHead +
                         "a=group:BUNDLE audio data\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"
                         "a=mid:audio\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                         "a=mid:data\r\na=sctp-port:5001\r\n"
                         "a=candidate:1 1 udp 2113937151 5b1f6c04.local 51522 typ host\r\n"
                         "a=candidate:2 1 tcp 1518280447 10.0.0.7 9 typ host tcptype active\r\n"
                         "a=candidate:3 1 UDP 1677729535 203.0.113.9 4000 typ srflx raddr 10.0.0.7 "
                         "rport 4001 generation 0\r\n" +
                         kKeys;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Sdp, ReadsWhatOldPeersOffer) {
  const auto session = parse(kOld);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_TRUE(session->old_syntax);
  EXPECT_TRUE(session->bundled);
  EXPECT_EQ(session->mid, "0");
  EXPECT_EQ(session->sctp_port, 5000);
  EXPECT_EQ(session->max_message_bytes, 65536U);
  EXPECT_EQ(session->setup, Setup::ActPass);
  EXPECT_EQ(session->fingerprint[1], std::byte{0x1b});
  ASSERT_EQ(session->candidates.size(), 1U);
  EXPECT_EQ(session->candidates[0].address, "10.99.0.1");
  EXPECT_EQ(session->candidates[0].port, 33155);
}

TEST(Sdp, TakesTheDataSectionOfABrowserAndRefusesTheRest) {
  auto session = parse(kNew);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_FALSE(session->old_syntax);
  EXPECT_EQ(session->mid, "data");
  EXPECT_EQ(session->sctp_port, 5001);
  ASSERT_EQ(session->candidates.size(), 1U) << "neither mDNS names nor TCP are of use";
  EXPECT_EQ(session->candidates[0].type, CandidateType::ServerReflexive);
  EXPECT_EQ(session->candidates[0].related_port, 4001);
  ASSERT_EQ(session->before.size(), 1U);
  const auto answer = write(*session, 5);
  EXPECT_NE(answer.find("m=audio 0 UDP/TLS/RTP/SAVPF 111 63\r\n"), std::string::npos);
  EXPECT_NE(answer.find("a=group:BUNDLE data\r\n"), std::string::npos);
  EXPECT_NE(answer.find("m=application 4000 UDP/DTLS/SCTP webrtc-datachannel\r\n"),
            std::string::npos);
}

TEST(Sdp, WrittenIsReadBack) {
  for (const auto& text : {kOld, kNew}) {
    const auto first = parse(text);
    ASSERT_TRUE(first);
    const auto written = write(*first, 99);
    const auto second = parse(written);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->candidates, first->candidates);
    EXPECT_EQ(second->old_syntax, first->old_syntax);
    EXPECT_EQ(second->fingerprint, first->fingerprint);
    EXPECT_EQ(write(*second, 99), written);
  }
}

TEST(Sdp, SaysWhatIsMissing) {
  const std::pair<std::string, std::string> cases[] = {
      {replaced(kOld, "a=ice-ufrag:abcd\r\n", ""), "ice-ufrag"},
      {replaced(kOld, "a=fingerprint:sha-256 " + kPrint, "a=x:y"), "fingerprint"},
      {replaced(kOld, "sha-256 0A", "sha-256 0G"), "hex"},
      {replaced(kOld, "sha-256", "sha-1"), "sha-256"},
      {replaced(kOld, "m=application 33155", "m=application 0"), "port 0"},
      {replaced(kOld, "m=application 33155 DTLS/SCTP 5000", "m=audio 9 RTP/AVP 0"), "no data"},
      {replaced(kNew, "a=sctp-port:5001\r\n", ""), "sctp-port"},
      {replaced(kOld, "v=0", "v=1"), "v=0"},
      {replaced(kOld, "s=-", "s"), "x=value"},
      {replaced(kOld, "abcdefghijklmnopqrstuv", "short"), "ice-pwd"},
      {kOld + std::string(kMaxSdpBytes, 'x'), "64 KiB"},
  };
  for (const auto& [text, word] : cases) {
    const auto session = parse(text);
    ASSERT_FALSE(session) << word;
    EXPECT_NE(session.error().message.find(word), std::string::npos) << session.error().message;
  }
}

TEST(Sdp, HoldsToItsLimits) {
  const std::string line = "a=candidate:4a 1 udp 2130706431 10.99.0.1 33155 typ host\r\n";
  auto text = kOld;
  for (std::size_t i = 1; i < kMaxCandidates; ++i) text += line;
  EXPECT_TRUE(parse(text));
  EXPECT_FALSE(parse(text + line));
  text = kOld;
  for (std::size_t i = 1; i < kMaxMedia; ++i) text += "m=audio 9 RTP/AVP 0\r\n";
  EXPECT_TRUE(parse(text));
  EXPECT_FALSE(parse(text + "m=audio 9 RTP/AVP 0\r\n"));
}

TEST(Sdp, RefusesCandidatesThatAreNone) {
  EXPECT_FALSE(parse_candidate("candidate:1 0 udp 1 10.0.0.1 9 typ host"));
  EXPECT_FALSE(parse_candidate("candidate:1 1 udp 1 10.0.0.1 99999 typ host"));
  EXPECT_FALSE(parse_candidate("candidate:1 1 udp 1 10.0.0.1 9 typ moon"));
  EXPECT_FALSE(parse_candidate("candidate:1 1 udp -1 10.0.0.1 9 typ host"));
  EXPECT_FALSE(parse_candidate("1 1 udp 1 10.0.0.1 9 typ host"));
  const auto v6 = parse_candidate("a=candidate:1 1 udp 1 2001:db8::1 9 typ host");
  ASSERT_TRUE(v6);
  EXPECT_EQ((*v6)->address, "2001:db8::1");
  for (const char* group : {"224.0.0.251", "239.1.2.3", "255.255.255.255", "0.0.0.0", "0.1.2.3",
                            "ff02::1", "::", "::ffff:224.0.0.1"}) {
    const auto left_out = parse_candidate(fmt::format("candidate:1 1 udp 1 {} 9 typ host", group));
    ASSERT_TRUE(left_out) << group;
    EXPECT_FALSE(*left_out) << group;
  }
  const auto highest = parse_candidate("candidate:1 1 udp 1 223.255.255.255 9 typ host");
  EXPECT_TRUE(highest && *highest);
  const auto control = parse_candidate("candidate:1 2 udp 1 10.0.0.1 9 typ host");
  ASSERT_TRUE(control);
  EXPECT_FALSE(*control) << "the second component is RTP's";
}

}  // namespace
}  // namespace lenswire::wire::sdp
