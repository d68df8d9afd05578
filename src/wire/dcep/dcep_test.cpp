#include <gtest/gtest.h>

#include "wire/dcep/message.hpp"

namespace lenswire::wire::dcep {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Dcep, ReadsAndWritesAnOpen) {
  Open open;
  open.ordered = false;
  open.reliability = Reliability::Retransmits;
  open.limit = 5;
  open.label = "frames";
  open.protocol = "p";
  const auto bytes = encode(open);
  EXPECT_TRUE(std::ranges::equal(
      bytes, bytes_of(std::string_view("\3\x81\1\0\0\0\0\5\0\6\0\1framesp", 19))));
  const auto back = decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, Kind::Open);
  EXPECT_EQ(back->open, open);
}

TEST(Dcep, RefusesWhatIsNeitherOpenNorAck) {
  EXPECT_TRUE(decode(encode_ack()));
  EXPECT_FALSE(decode({}));
  EXPECT_FALSE(decode(bytes_of("\x07")));
  const auto whole = encode({true, Reliability::Full, 0, 256, "label", "protocol"});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode(std::span(whole).first(size))) << size;
  auto longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode(longer));
  EXPECT_TRUE(
      decode(encode({true, Reliability::Full, 0, 256, std::string(kMaxLabelBytes, 'x'), ""})));
  EXPECT_FALSE(
      decode(encode({true, Reliability::Full, 0, 256, std::string(kMaxLabelBytes + 1, 'x'), ""})));
}

}  // namespace
}  // namespace lenswire::wire::dcep
