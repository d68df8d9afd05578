#include "wire/ethersense/message.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <string>

namespace lenswire::wire::ethersense {
namespace {

using namespace std::string_literals;

bool ping(std::string_view text) { return is_ping(std::as_bytes(std::span(text))); }

std::array<std::byte, kHeaderBytes> bytes_of(std::array<std::uint8_t, kHeaderBytes> values) {
  return std::bit_cast<std::array<std::byte, kHeaderBytes>>(values);
}

}  // namespace

TEST(EtherSense, OnlyThePingIsAPing) {
  EXPECT_TRUE(ping("EtherSensePing"));
  EXPECT_TRUE(ping("EtherSensePing\n"));
  EXPECT_TRUE(ping("EtherSensePing\r\n"));
  EXPECT_TRUE(ping("EtherSensePing\0"s));
  for (const auto& other : {""s, "x"s, "EtherSensePin"s, "EtherSensePong"s, "EtherSensePing!"s,
                            "EtherSensePing\n\n"s, " EtherSensePing"s, "ethersenseping"s})
    EXPECT_FALSE(ping(other)) << other;
}

// Both as recorded from original servers.
TEST(EtherSense, HeaderIsTheRecordedOne) {
  const auto recorded =
      bytes_of({0xa2, 0x58, 0x02, 0x00, 0x00, 0x14, 0x82, 0x56, 0xfe, 0xbc, 0x78, 0x42});
  const auto header = decode_header(recorded);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_bytes, 153762U);
  EXPECT_EQ(header->timestamp_ms, 1700000000033.25);
  EXPECT_EQ(encode(*header), recorded);
}

TEST(EtherSense, LengthIsCheckedAtItsLimits) {
  EXPECT_FALSE(decode_header(encode({0, 1})));
  EXPECT_TRUE(decode_header(encode({1, 1})));
  EXPECT_TRUE(decode_header(encode({kMaxPayloadBytes, 1})));
  EXPECT_FALSE(decode_header(encode({kMaxPayloadBytes + 1, 1})));
  EXPECT_FALSE(decode_header(encode({0xffffffff, 1})));
}

}  // namespace lenswire::wire::ethersense
