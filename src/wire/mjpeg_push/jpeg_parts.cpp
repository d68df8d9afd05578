#include "wire/mjpeg_push/jpeg_parts.hpp"

#include <algorithm>

#include "wire/mjpeg_push/text.hpp"

namespace lenswire::wire::mjpeg_push {
namespace {

constexpr std::size_t kMaxDelimiterLine = 512;
constexpr std::size_t kMaxPartHeadBytes = 8 << 10;

tl::unexpected<Error> too_large() {
  return fail(ErrorCode::InvalidArgument, "a picture is larger than 32 MiB");
}

}  // namespace

Result<void> JpegParts::on_delimiter(std::string_view line) {
  line = trimmed(line);
  if (line.empty()) return {};  // the CRLF that ends the part before
  const auto is = [&](std::string_view wanted) {
    if (line == wanted) return true;
    if (line.size() != wanted.size() + 2 || !line.starts_with(wanted) || !line.ends_with("--"))
      return false;
    state_ = State::Ended;
    return true;
  };
  const bool known = !delimiter_.empty() ? is(delimiter_)
                     : boundary_.empty() ? line.starts_with("--")
                                         : is("--" + boundary_) || is(boundary_);
  if (!known) return fail(ErrorCode::InvalidArgument, "a part does not begin with the boundary");
  if (state_ == State::Ended) return {};
  if (delimiter_.empty()) delimiter_ = line;
  state_ = State::Head;
  head_bytes_ = 0;
  has_length_ = false;
  picture_.clear();
  return {};
}

Result<void> JpegParts::on_header(std::string_view line) {
  if (line.empty()) {
    if (has_length_ && length_ == 0)
      state_ = State::Delimiter;
    else
      state_ = has_length_ ? State::Counted : State::Search;
    return {};
  }
  head_bytes_ += line.size() + 2;
  if (head_bytes_ > kMaxPartHeadBytes)
    return fail(ErrorCode::InvalidArgument, "the head of a part is larger than 8 KiB");
  const auto header = split_header(line);
  if (!header) return fail(ErrorCode::InvalidArgument, "a malformed header in a part");
  if (!same_word(header->name, "content-length")) return {};
  const auto length = decimal(header->value);
  if (!length || has_length_)
    return fail(ErrorCode::InvalidArgument, "a part's Content-Length is no number, or there twice");
  if (*length > kMaxPictureBytes) return too_large();
  has_length_ = true;
  length_ = static_cast<std::size_t>(*length);
  return {};
}

Result<void> JpegParts::take_counted(std::span<const std::byte>& bytes) {
  const auto now = bytes.first(std::min(bytes.size(), length_ - picture_.size()));
  picture_.insert(picture_.end(), now.begin(), now.end());
  bytes = bytes.subspan(now.size());
  if (picture_.size() == length_) state_ = State::Whole;
  return {};
}

Result<void> JpegParts::search(std::span<const std::byte>& bytes) {
  const std::string text = "\r\n" + delimiter_;
  const auto needle = std::as_bytes(std::span(text));
  const auto before = picture_.size();
  const auto now = bytes.first(std::min(bytes.size(), kMaxPictureBytes + needle.size() - before));
  picture_.insert(picture_.end(), now.begin(), now.end());
  const auto from = before > needle.size() ? before - needle.size() : 0;
  const auto found = std::search(picture_.begin() + static_cast<std::ptrdiff_t>(from),
                                 picture_.end(), needle.begin(), needle.end());
  if (found == picture_.end()) {
    bytes = bytes.subspan(now.size());
    if (picture_.size() >= kMaxPictureBytes + needle.size()) return too_large();
    return {};
  }
  const auto length = static_cast<std::size_t>(found - picture_.begin());
  bytes = bytes.subspan(length + needle.size() - before);
  picture_.resize(length);
  line_.start(delimiter_);
  state_ = State::Whole;
  return {};
}

Result<bool> JpegParts::read(std::span<const std::byte>& bytes) {
  if (state_ == State::Whole) state_ = State::Delimiter;
  while (!bytes.empty() && state_ != State::Ended) {
    Result<void> done;
    if (state_ == State::Counted) {
      done = take_counted(bytes);
    } else if (state_ == State::Search) {
      done = search(bytes);
    } else {
      const auto limit = state_ == State::Delimiter ? kMaxDelimiterLine : kMaxPartHeadBytes;
      const auto whole = line_.read(bytes, limit);
      if (!whole) return fail(whole.error());
      if (!*whole) return false;
      done = state_ == State::Delimiter ? on_delimiter(line_.line()) : on_header(line_.line());
    }
    if (!done) return fail(done.error());
    if (state_ == State::Whole) return true;
  }
  return false;
}

}  // namespace lenswire::wire::mjpeg_push
