#include "wire/mjpeg_push/push_reader.hpp"

#include <array>

#include "wire/mjpeg_push/text.hpp"

namespace lenswire::wire::mjpeg_push {
namespace {

constexpr std::size_t kMaxBoundaryBytes = 200;

tl::unexpected<Error> malformed(const char* what) { return fail(ErrorCode::InvalidArgument, what); }

// The boundary of a Content-Type such as `multipart/x-mixed-replace; boundary="--frame";`.
std::string_view boundary_of(std::string_view content_type) noexcept {
  while (true) {
    const auto semicolon = content_type.find(';');
    if (semicolon == std::string_view::npos) return {};
    content_type = trimmed(content_type.substr(semicolon + 1));
    const auto equals = content_type.find('=');
    if (equals == std::string_view::npos) return {};
    if (!same_word(trimmed(content_type.substr(0, equals)), "boundary")) continue;
    auto value = trimmed(content_type.substr(equals + 1));
    if (value.starts_with('"')) return value.substr(1, value.find('"', 1) - 1);
    return trimmed(value.substr(0, value.find(';')));
  }
}

// "640x240x3"
std::optional<PushHead::Resolution> resolution_of(std::string_view text) noexcept {
  std::array<std::uint64_t, 2> sizes{};
  for (auto& size : sizes) {
    const auto cross = text.find('x');
    const auto number = decimal(text.substr(0, cross));
    if (!number || *number == 0 || *number > 65535) return std::nullopt;
    size = *number;
    text = cross == std::string_view::npos ? std::string_view{} : text.substr(cross + 1);
  }
  return PushHead::Resolution{static_cast<std::uint32_t>(sizes[0]),
                              static_cast<std::uint32_t>(sizes[1])};
}

}  // namespace

Result<PushReader::Step> PushReader::read(std::span<const std::byte>& bytes) {
  switch (state_) {
    case State::Head:
      return read_head(bytes);
    case State::Body:
      return read_body(bytes);
    case State::Ended:
      break;
  }
  return Step::End;
}

Result<PushReader::Step> PushReader::read_head(std::span<const std::byte>& bytes) {
  while (true) {
    const auto whole = line_.read(bytes, kMaxHeadLineBytes);
    if (!whole) return fail(whole.error());
    if (!*whole) return Step::NeedMore;
    const auto line = line_.line();
    head_bytes_ += line.size() + 2;
    if (head_bytes_ > kMaxHeadBytes) return malformed("the head is larger than 32 KiB");
    if (head_.method.empty()) {
      if (line.empty()) continue;  // RFC 9112, section 2.2
      if (auto ok = on_request_line(line); !ok) return fail(ok.error());
    } else if (!line.empty()) {
      if (auto ok = on_header(line); !ok) return fail(ok.error());
    } else {
      if (auto ok = on_head_end(); !ok) return fail(ok.error());
      return Step::Head;
    }
  }
}

Result<void> PushReader::on_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last <= first + 1)
    return malformed("a malformed request line");
  const auto version = line.substr(last + 1);
  const auto target = line.substr(first + 1, last - first - 1);
  if ((version != "HTTP/1.1" && version != "HTTP/1.0") ||
      target.find(' ') != std::string_view::npos)
    return malformed("a malformed request line");
  head_.method = line.substr(0, first);
  head_.target = target;
  if (head_.method != "POST" && head_.method != "PUT")
    return fail(ErrorCode::Unsupported, "this port takes POST alone");
  return {};
}

Result<void> PushReader::on_header(std::string_view line) {
  if (++headers_ > kMaxHeaders) return malformed("more than 100 headers");
  const auto header = split_header(line);
  if (!header) return malformed("a malformed header");
  if (same_word(header->name, "stream-id")) {
    if (header->value.size() > kMaxStreamIdBytes)
      return malformed("the Stream-ID is longer than 256 bytes");
    head_.stream_id = header->value;
  } else if (same_word(header->name, "content-resolution")) {
    head_.resolution = resolution_of(header->value);
  } else if (same_word(header->name, "content-type")) {
    head_.boundary = boundary_of(header->value);
    if (head_.boundary.size() > kMaxBoundaryBytes) return malformed("the boundary is too long");
  } else if (same_word(header->name, "content-length")) {
    const auto length = decimal(header->value);
    if (!length || head_.length) return malformed("Content-Length is no number, or there twice");
    head_.length = length;
  } else if (same_word(header->name, "transfer-encoding")) {
    if (!same_word(header->value, "chunked") || head_.chunked)
      return fail(ErrorCode::Unsupported, "another transfer encoding than chunked");
    head_.chunked = true;
  } else if (same_word(header->name, "expect")) {
    head_.expects_continue = same_word(header->value, "100-continue");
  }
  return {};
}

Result<void> PushReader::on_head_end() {
  if (head_.chunked && head_.length) return malformed("Content-Length beside Transfer-Encoding");
  if (head_.chunked)
    body_ = BodyReader::chunked();
  else if (head_.length)
    body_ = BodyReader::of_length(*head_.length);
  parts_.emplace(head_.boundary);
  state_ = State::Body;
  return {};
}

Result<PushReader::Step> PushReader::read_body(std::span<const std::byte>& bytes) {
  while (true) {
    const auto piece = body_.peek(bytes);
    if (!piece) return fail(piece.error());
    if (body_.ended() || parts_->ended()) {
      state_ = State::Ended;
      return Step::End;
    }
    if (piece->empty()) return Step::NeedMore;
    auto rest = *piece;
    const auto whole = parts_->read(rest);
    if (!whole) return fail(whole.error());
    const auto count = piece->size() - rest.size();
    body_.taken(count);
    bytes = bytes.subspan(count);
    if (*whole) return Step::Picture;
  }
}

}  // namespace lenswire::wire::mjpeg_push
