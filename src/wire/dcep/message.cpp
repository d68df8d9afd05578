#include "wire/dcep/message.hpp"

#include "base/byte_reader.hpp"

namespace lenswire::wire::dcep {
namespace {

constexpr std::uint8_t kOpenType = 3;
constexpr std::uint8_t kAckType = 2;
constexpr std::uint8_t kUnordered = 0x80;

void put(std::vector<std::byte>& out, std::uint32_t value, int bytes) {
  while (bytes-- > 0) out.push_back(static_cast<std::byte>(value >> (8 * bytes) & 0xff));
}

void put(std::vector<std::byte>& out, const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Result<Message> decode(std::span<const std::byte> bytes) {
  base::ByteReader in(bytes);
  const auto type = in.u8();
  if (!in.ok()) return fail(ErrorCode::Truncated, "DCEP: an empty message");
  if (type == kAckType) return Message{};
  if (type != kOpenType) return fail(ErrorCode::InvalidArgument, "DCEP: unknown message type");
  Message out;
  out.kind = Kind::Open;
  const auto channel = in.u8();
  out.open.priority = in.big<std::uint16_t>();
  out.open.limit = in.big<std::uint32_t>();
  const auto label = in.big<std::uint16_t>();
  const auto protocol = in.big<std::uint16_t>();
  if (!in.ok()) return fail(ErrorCode::Truncated, "DCEP: an OPEN of less than 12 bytes");
  if (label > kMaxLabelBytes || protocol > kMaxLabelBytes)
    return fail(ErrorCode::InvalidArgument, "DCEP: a label or protocol of more than 1024 bytes");
  const auto reliability = channel & ~kUnordered;
  if (reliability > 2) return fail(ErrorCode::InvalidArgument, "DCEP: unknown channel type");
  out.open.ordered = (channel & kUnordered) == 0;
  out.open.reliability = static_cast<Reliability>(reliability);
  if (out.open.reliability == Reliability::Full) out.open.limit = 0;
  out.open.label = in.text(label);
  out.open.protocol = in.text(protocol);
  if (!in.ok()) return fail(ErrorCode::Truncated, "DCEP: an OPEN shorter than its texts");
  if (in.remaining() > 0)
    return fail(ErrorCode::InvalidArgument, "DCEP: bytes behind the texts of an OPEN");
  return out;
}

std::vector<std::byte> encode(const Open& open) {
  std::vector<std::byte> out;
  put(out, kOpenType, 1);
  put(out, static_cast<unsigned>(open.reliability) | (open.ordered ? 0U : kUnordered), 1);
  put(out, open.priority, 2);
  put(out, open.limit, 4);
  put(out, static_cast<std::uint32_t>(open.label.size()), 2);
  put(out, static_cast<std::uint32_t>(open.protocol.size()), 2);
  put(out, open.label);
  put(out, open.protocol);
  return out;
}

std::vector<std::byte> encode_ack() { return {static_cast<std::byte>(kAckType)}; }

}  // namespace lenswire::wire::dcep
