#include "wire/mjpeg_push/encode.hpp"

#include <fmt/format.h>

#include <array>

namespace lenswire::wire::mjpeg_push {
namespace {

constexpr std::string_view kBeforeLength = "--frame\r\nContent-Type:image/jpeg\r\nContent-Length: ";

// What the HTTP library of the originals puts on top of every request.
std::string common_head(std::string_view host, std::string_view target) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: python-requests/2.28.1\r\n"
      "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n",
      target, host);
}

}  // namespace

void write_part_head(std::vector<std::byte>& out, std::size_t jpeg_bytes, Framing framing) {
  std::array<char, 128> text;
  std::array<char, 24> length;
  const auto length_end = fmt::format_to(length.data(), "{}\r\n\r\n", jpeg_bytes);
  const auto length_size = static_cast<std::size_t>(length_end - length.data());
  const auto part_bytes = kBeforeLength.size() + length_size + jpeg_bytes + 2;
  char* end = text.data();
  if (framing == Framing::Chunked) end = fmt::format_to(end, "{:x}\r\n", part_bytes);
  end = fmt::format_to(end, "{}{}", kBeforeLength, std::string_view(length.data(), length_size));
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  out.assign(bytes, bytes + (end - text.data()));
}

std::string_view part_tail(Framing framing) noexcept {
  return framing == Framing::Chunked ? "\r\n\r\n" : "\r\n";
}

std::string push_head(const PushRequest& request) {
  return fmt::format(
      "{}Content-Type: multipart/x-mixed-replace; boundary=--frame;\r\n"
      "Content-Resolution: {}x{}x3\r\nStream-ID: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
      common_head(request.host, request.target), request.width, request.height, request.stream_id);
}

std::string location_post(std::string_view host, std::string_view target, std::string_view json) {
  return fmt::format("{}Content-Length: {}\r\nContent-Type: application/json\r\n\r\n{}",
                     common_head(host, target), json.size(), json);
}

}  // namespace lenswire::wire::mjpeg_push
