// encode.hpp - pictures as the RealSense streaming applications send them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lenswire::wire::mjpeg_push {

/// The line before each part. The originals announce it, dashes and all, as the boundary itself.
inline constexpr std::string_view kDelimiter = "--frame";
/// The boundary that RFC 2046 means by that line.
inline constexpr std::string_view kStrictBoundary = "frame";
/// What a sender is called that gives no Stream-ID.
inline constexpr std::string_view kDefaultStreamId = "default-streamID";

/// Whether each part is one HTTP chunk, or the bytes go out as they are.
enum class Framing : std::uint8_t { Plain, Chunked };

/// Replaces `out` with what precedes a picture of so many bytes. Keeps the memory of `out`.
void write_part_head(std::vector<std::byte>& out, std::size_t jpeg_bytes, Framing framing);

/// What follows the picture.
[[nodiscard]] std::string_view part_tail(Framing framing) noexcept;

/// The end of a chunked body.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// Where a POST goes and what it says of itself. None of the texts may hold control characters.
struct PushRequest {
  std::string host;  ///< as in the URL, with the port where that names one
  std::string target = "/";
  std::string stream_id{kDefaultStreamId};
  std::uint32_t width = 0;  ///< of the whole picture: both halves
  std::uint32_t height = 0;
};

/// The head of the endless POST.
[[nodiscard]] std::string push_head(const PushRequest& request);

/// One whole POST with a position.
[[nodiscard]] std::string location_post(std::string_view host, std::string_view target,
                                        std::string_view json);

}  // namespace lenswire::wire::mjpeg_push
