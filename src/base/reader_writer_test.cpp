#include <gtest/gtest.h>

#include <limits>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace lenswire::base {

TEST(ByteReader, ReadsWhatTheWriterWrote) {
  std::vector<std::byte> buffer;
  ByteWriter writer(buffer);
  writer.u8(1);
  writer.u16(0x2345);
  writer.u32(0x6789abcd);
  writer.u64(0x1122334455667788);
  writer.i64(std::numeric_limits<std::int64_t>::min());
  writer.f64(-0.1);
  writer.text("end");
  ByteReader reader(buffer);
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x2345);
  EXPECT_EQ(reader.u32(), 0x6789abcdU);
  EXPECT_EQ(reader.u64(), 0x1122334455667788U);
  EXPECT_EQ(reader.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.f64(), -0.1);
  EXPECT_EQ(reader.text(3), "end");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteReader, ReadsBothByteOrders) {
  const std::byte bytes[] = {std::byte{0x12}, std::byte{0x34}};
  EXPECT_EQ(ByteReader(bytes).little<std::uint16_t>(), 0x3412);
  EXPECT_EQ(ByteReader(bytes).big<std::uint16_t>(), 0x1234);
}

TEST(ByteReader, FailsForGoodAtTheFirstReadPastTheEnd) {
  const std::byte bytes[] = {std::byte{1}, std::byte{2}, std::byte{3}};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0201);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "there is one byte left, but the reader has failed";
}

TEST(ByteReader, RefusesHugeCounts) {
  const std::byte bytes[] = {std::byte{1}};
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.bytes(std::numeric_limits<std::uint64_t>::max()).empty());
  EXPECT_FALSE(reader.ok());
}

}  // namespace lenswire::base
