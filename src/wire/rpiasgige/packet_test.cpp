#include "wire/rpiasgige/packet.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace lenswire::wire::rpiasgige {
namespace {

using Bytes = std::vector<std::byte>;

Bytes hex(const std::string& text) {
  Bytes out;
  std::istringstream in(text);
  for (unsigned value = 0; in >> std::hex >> value;) out.push_back(static_cast<std::byte>(value));
  return out;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kPing = hex("50 49 4e 47 30 00 00 00 00");
const Bytes kPingKept = hex("50 49 4e 47 31 00 00 00 00");
const Bytes kSetWidth = hex("53 45 54 30 30 0c 00 00 00 03 00 00 00 00 00 00 00 00 00 74 40");
const Bytes kGetWidth = hex("47 45 54 30 30 04 00 00 00 03 00 00 00");

std::vector<Request> all_of(RequestAssembler& assembler, const Bytes& read) {
  assembler.feed(read);
  std::vector<Request> out;
  while (auto request = assembler.next()) out.push_back(*request);
  return out;
}

std::vector<Request> all_of(const Bytes& read) {
  RequestAssembler assembler;
  return all_of(assembler, read);
}

TEST(RpiasgigeRequest, EveryCommandIsKnownByItsLetters) {
  const std::pair<const char*, Command> commands[] = {
      {"PING", Command::Ping},  {"OPEN", Command::Open},    {"ISOP", Command::IsOpened},
      {"CLOS", Command::Close}, {"SET0", Command::Set},     {"GET0", Command::Get},
      {"GRAB", Command::Grab},  {"FOO0", Command::Unknown}, {"ping", Command::Unknown}};
  for (const auto& [letters, command] : commands) {
    Bytes packet;
    for (const char c : std::string(letters) + "0") packet.push_back(static_cast<std::byte>(c));
    packet = packet + hex("00 00 00 00");
    ASSERT_EQ(all_of(packet).size(), 1U) << letters;
    EXPECT_EQ(all_of(packet)[0].command, command) << letters;
    EXPECT_EQ(decode_message(packet).command, command) << letters;
  }
}

TEST(RpiasgigeRequest, SetCarriesPropertyAndValue) {
  const auto requests = all_of(kSetWidth);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].keep_alive, '0');
  EXPECT_EQ(requests[0].property(), 3);
  EXPECT_EQ(requests[0].value(), 320.0);
  EXPECT_EQ(decode_message(kSetWidth), requests[0]);
  const auto mjpg = all_of(hex("53 45 54 30 31 0c 00 00 00 06 00 00 00 00 00 40 93 12 d4 d1 41"));
  EXPECT_EQ(mjpg.at(0).value(), 1196444237.0);
}

TEST(RpiasgigeRequest, ShortDataHaveNoPropertyOrValue) {
  EXPECT_EQ(all_of(kGetWidth).at(0).property(), 3);
  EXPECT_EQ(all_of(kGetWidth).at(0).value(), std::nullopt);
  EXPECT_EQ(all_of(hex("47 45 54 30 30 00 00 00 00")).at(0).property(), std::nullopt);
  EXPECT_EQ(all_of(hex("47 45 54 30 30 03 00 00 00 03 00 00")).at(0).property(), std::nullopt);
}

TEST(RpiasgigeRequest, ASizeOutsideItsBoundsMeansNoData) {
  for (const auto* size : {"ff ff 00 00", "21 00 00 00", "ff ff ff ff", "00 00 00 80"}) {
    const auto requests = all_of(hex(std::string("50 49 4e 47 31 ") + size + " 01 02 03"));
    ASSERT_EQ(requests.size(), 1U) << size;
    EXPECT_EQ(requests[0].command, Command::Ping);
    EXPECT_EQ(requests[0].data_bytes, 0);
  }
  RequestAssembler at_the_limit;
  EXPECT_TRUE(all_of(at_the_limit, hex("50 49 4e 47 31 20 00 00 00")).empty());
  ASSERT_EQ(all_of(at_the_limit, Bytes(32, std::byte{7})).size(), 1U);
}

TEST(RpiasgigeRequest, ANewlineBehindARequestIsNothing) {
  RequestAssembler assembler;
  EXPECT_EQ(all_of(assembler, kPingKept + hex("0a")).size(), 1U);
  EXPECT_FALSE(assembler.in_request());
  EXPECT_EQ(all_of(assembler, kPingKept + hex("0d 0a")).size(), 1U);
  EXPECT_EQ(all_of(assembler, hex("0a") + kPing).size(), 1U);
}

TEST(RpiasgigeRequest, EveryRequestOfAReadIsFound) {
  const auto requests = all_of(kPingKept + kSetWidth + hex("0a") + kGetWidth + kPing);
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[1].value(), 320.0);
  EXPECT_EQ(requests[3].command, Command::Ping);
}

TEST(RpiasgigeRequest, WhatIsNoRequestIsDroppedToTheEndOfTheRead) {
  RequestAssembler assembler;
  EXPECT_EQ(all_of(assembler, kPingKept + hex("01 02 03") + kPing).size(), 1U);
  EXPECT_FALSE(assembler.in_request());
  EXPECT_EQ(all_of(assembler, kPing).size(), 1U);
}

TEST(RpiasgigeRequest, AnyCutGivesTheSameRequests) {
  const auto stream = kPingKept + kSetWidth + kGetWidth;
  const auto whole = all_of(stream);
  ASSERT_EQ(whole.size(), 3U);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    const auto at = stream.begin() + static_cast<std::ptrdiff_t>(cut);
    RequestAssembler assembler;
    auto seen = all_of(assembler, Bytes(stream.begin(), at));
    for (const auto& request : all_of(assembler, Bytes(at, stream.end()))) seen.push_back(request);
    EXPECT_EQ(seen, whole) << cut;
  }
  RequestAssembler bytewise;
  std::vector<Request> seen;
  for (const auto b : stream)
    for (const auto& request : all_of(bytewise, {b})) seen.push_back(request);
  EXPECT_EQ(seen, whole);
}

TEST(RpiasgigeMessage, ItsLengthCountsNotItsSizeField) {
  // Size 0 announced, 12 bytes there.
  const auto request =
      decode_message(hex("53 45 54 30 7a 00 00 00 00 03 00 00 00 00 00 00 00 00 00 74 40 0a"));
  EXPECT_EQ(request.command, Command::Set);
  EXPECT_EQ(request.keep_alive, 'z');
  EXPECT_EQ(request.value(), 320.0);
  // 12 bytes announced, 4 there.
  EXPECT_EQ(decode_message(hex("53 45 54 30 31 0c 00 00 00 03 00 00 00")).value(), std::nullopt);
}

TEST(RpiasgigeMessage, LessThanAHeaderIsIncomplete) {
  for (std::size_t length = 0; length < kHeaderBytes; ++length) {
    const auto request = decode_message(std::span(kPingKept).first(length));
    EXPECT_EQ(request.command, Command::Incomplete) << length;
    EXPECT_EQ(request.keep_alive, length > 4 ? '1' : '0') << length;
  }
}

TEST(RpiasgigeAnswer, BytesAreThoseOfTheOriginal) {
  Bytes out;
  encode_head(Status::Pong, '0', 0, out);
  EXPECT_EQ(out, hex("50 4f 4e 47 30 00 00 00 00"));
  encode_head(Status::Ok, '0', 0, out);
  EXPECT_EQ(out, hex("30 32 30 30 30 00 00 00 00"));
  encode_head(Status::No, '1', 0, out);
  EXPECT_EQ(out, hex("4e 4f 50 45 31 00 00 00 00"));
  encode_head(Status::BadRequest, '0', 0, out);
  EXPECT_EQ(out, hex("30 34 30 30 30 00 00 00 00"));
  encode_head(Status::Unknown, '0', 0, out);
  EXPECT_EQ(out, hex("30 34 30 34 30 00 00 00 00"));
  encode_head(Status::Busy, 'z', 0, out);
  EXPECT_EQ(out, hex("54 49 4d 45 7a 00 00 00 00"));
  encode_value('0', 320.0, out);
  EXPECT_EQ(out, hex("30 32 30 30 30 08 00 00 00 00 00 00 00 00 00 74 40"));
  encode_picture_head('1', {240, 320, 16}, 230400, out);
  EXPECT_EQ(out, hex("30 32 30 30 31 0c 84 03 00 f0 00 00 00 40 01 00 00 10 00 00 00"));
}

}  // namespace
}  // namespace lenswire::wire::rpiasgige
