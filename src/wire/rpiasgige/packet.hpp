// packet.hpp - the packets of rpiasgige: a Raspberry Pi's camera as a remote OpenCV VideoCapture.
//
// Both directions and both generations (plain TCP, WebSocket) use one layout, little-endian:
// four letters, one keep-alive character, the size of the data as int32, the data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lenswire::wire::rpiasgige {

inline constexpr std::size_t kHeaderBytes = 9;
/// What the originals have room for behind a request's header.
inline constexpr std::size_t kMaxRequestDataBytes = 32;
/// Rows, columns and type, before a picture's pixels.
inline constexpr std::size_t kPictureHeadBytes = 12;

enum class Command : std::uint8_t {
  Ping,
  Open,
  IsOpened,
  Close,
  Set,
  Get,
  Grab,
  Unknown,    ///< four other letters
  Incomplete  ///< a message that is shorter than a header
};

enum class Status : std::uint8_t {
  Pong,        ///< PONG
  Ok,          ///< 0200
  No,          ///< NOPE: the camera refuses, or is closed
  BadRequest,  ///< 0400: data are missing
  Unknown,     ///< 0404: no such command
  Busy         ///< TIME: the camera did not get to it; only the WebSocket generation has it
};

/// One request. Data beyond kMaxRequestDataBytes are not kept: no command has so many.
struct Request {
  Command command = Command::Unknown;
  char keep_alive = '0';
  std::uint8_t data_bytes = 0;
  std::array<std::byte, kMaxRequestDataBytes> data{};

  /// The OpenCV property that SET0 and GET0 name; nothing where the data are too short.
  [[nodiscard]] std::optional<std::int32_t> property() const noexcept;
  /// The number of a SET0; nothing where the data are too short.
  [[nodiscard]] std::optional<double> value() const noexcept;

  bool operator==(const Request&) const = default;
};

/// Reads one WebSocket message, where the message's length counts and the size field does not.
[[nodiscard]] Request decode_message(std::span<const std::byte> message) noexcept;

/// Cuts requests out of a TCP stream.
///
/// The rules of the original hold: an announced size that is not within 1..32 means "no data", and
/// bytes behind a request that do not look like another one are dropped up to the end of the read
/// that brought them (the netcat examples end in a newline). Unlike the original, every request of
/// a read is found, not only the first.
///
/// Holds at most one incomplete request and the rest of the last read.
/// Threading: reentrant.
class RequestAssembler {
 public:
  /// Takes what one read brought. Call it when next() has nothing more.
  void feed(std::span<const std::byte> bytes);

  /// The next request, or nothing until more has come.
  [[nodiscard]] std::optional<Request> next();

  /// Whether a request has begun and is not complete.
  [[nodiscard]] bool in_request() const noexcept { return position_ < buffer_.size(); }

 private:
  void drop_rest() noexcept;

  std::string buffer_;
  std::size_t position_ = 0;
  bool had_one_ = false;  // of this read
};

/// Replaces `out` with an answer's header. `data_bytes` follow it.
void encode_head(Status status, char keep_alive, std::uint32_t data_bytes,
                 std::vector<std::byte>& out);

/// Replaces `out` with the answer to GET0.
void encode_value(char keep_alive, double value, std::vector<std::byte>& out);

/// A picture as OpenCV describes it.
struct PictureShape {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::int32_t type = 0;  ///< depth + 8 * (channels - 1): 16 = 8UC3, 2 = 16UC1, 0 = 8UC1
};

/// Replaces `out` with what goes before a picture's `pixel_bytes`.
void encode_picture_head(char keep_alive, const PictureShape& shape, std::uint32_t pixel_bytes,
                         std::vector<std::byte>& out);

}  // namespace lenswire::wire::rpiasgige
