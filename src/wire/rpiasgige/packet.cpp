#include "wire/rpiasgige/packet.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace lenswire::wire::rpiasgige {
namespace {

constexpr std::size_t kCommandBytes = 4;

Command command_from(std::string_view letters) noexcept {
  if (letters == "PING") return Command::Ping;
  if (letters == "OPEN") return Command::Open;
  if (letters == "ISOP") return Command::IsOpened;
  if (letters == "CLOS") return Command::Close;
  if (letters == "SET0") return Command::Set;
  if (letters == "GET0") return Command::Get;
  if (letters == "GRAB") return Command::Grab;
  return Command::Unknown;
}

std::string_view text_of(Status status) noexcept {
  switch (status) {
    case Status::Pong:
      return "PONG";
    case Status::Ok:
      return "0200";
    case Status::No:
      return "NOPE";
    case Status::BadRequest:
      return "0400";
    case Status::Unknown:
      return "0404";
    case Status::Busy:
      return "TIME";
  }
  return "NOPE";
}

bool is_line_end(char c) noexcept { return c == '\n' || c == '\r'; }

bool in_a_command(std::byte b) noexcept {
  const auto c = static_cast<unsigned char>(b);
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void copy_data(std::span<const std::byte> data, Request& request) noexcept {
  const auto kept = data.first(std::min(data.size(), kMaxRequestDataBytes));
  std::copy(kept.begin(), kept.end(), request.data.begin());
  request.data_bytes = static_cast<std::uint8_t>(kept.size());
}

}  // namespace

std::optional<std::int32_t> Request::property() const noexcept {
  base::ByteReader reader{std::span<const std::byte>(data).first(data_bytes)};
  const auto id = reader.little<std::int32_t>();
  if (!reader.ok()) return std::nullopt;
  return id;
}

std::optional<double> Request::value() const noexcept {
  base::ByteReader reader{std::span<const std::byte>(data).first(data_bytes)};
  reader.skip(sizeof(std::int32_t));
  const auto number = reader.f64();
  if (!reader.ok()) return std::nullopt;
  return number;
}

Request decode_message(std::span<const std::byte> message) noexcept {
  Request request;
  if (message.size() > kCommandBytes)
    request.keep_alive = static_cast<char>(message[kCommandBytes]);
  if (message.size() < kHeaderBytes) {
    request.command = Command::Incomplete;
    return request;
  }
  base::ByteReader reader(message);
  request.command = command_from(reader.text(kCommandBytes));
  copy_data(message.subspan(kHeaderBytes), request);
  return request;
}

void RequestAssembler::feed(std::span<const std::byte> bytes) {
  buffer_.erase(0, std::exchange(position_, 0));
  had_one_ = false;
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void RequestAssembler::drop_rest() noexcept {
  buffer_.clear();
  position_ = 0;
}

std::optional<Request> RequestAssembler::next() {
  while (position_ < buffer_.size() && is_line_end(buffer_[position_])) ++position_;
  const auto rest = std::as_bytes(std::span(buffer_)).subspan(position_);
  if (had_one_) {
    const auto letters = rest.first(std::min(rest.size(), kCommandBytes));
    if (!std::all_of(letters.begin(), letters.end(), in_a_command)) {
      drop_rest();
      return std::nullopt;
    }
  }
  base::ByteReader reader(rest);
  Request request;
  request.command = command_from(reader.text(kCommandBytes));
  request.keep_alive = static_cast<char>(reader.u8());
  const auto size = reader.little<std::int32_t>();
  if (!reader.ok()) return std::nullopt;
  if (size < 0 || size > static_cast<std::int32_t>(kMaxRequestDataBytes)) {
    drop_rest();  // whatever was announced is none of our business
  } else {
    const auto data = reader.bytes(static_cast<std::uint64_t>(size));
    if (!reader.ok()) return std::nullopt;
    copy_data(data, request);
    position_ += reader.position();
  }
  had_one_ = true;
  return request;
}

void encode_head(Status status, char keep_alive, std::uint32_t data_bytes,
                 std::vector<std::byte>& out) {
  out.clear();
  base::ByteWriter writer(out);
  for (const char letter : text_of(status)) writer.u8(static_cast<std::uint8_t>(letter));
  writer.u8(static_cast<std::uint8_t>(keep_alive));
  writer.u32(data_bytes);
}

void encode_value(char keep_alive, double value, std::vector<std::byte>& out) {
  encode_head(Status::Ok, keep_alive, sizeof value, out);
  base::ByteWriter(out).f64(value);
}

void encode_picture_head(char keep_alive, const PictureShape& shape, std::uint32_t pixel_bytes,
                         std::vector<std::byte>& out) {
  encode_head(Status::Ok, keep_alive, static_cast<std::uint32_t>(kPictureHeadBytes) + pixel_bytes,
              out);
  base::ByteWriter writer(out);
  writer.u32(shape.rows);
  writer.u32(shape.columns);
  writer.little(shape.type);
}

}  // namespace lenswire::wire::rpiasgige
