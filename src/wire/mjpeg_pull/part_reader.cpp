#include "wire/mjpeg_pull/part_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "wire/mjpeg_push/text.hpp"

namespace lenswire::wire::mjpeg_pull {

using mjpeg_push::decimal;
using mjpeg_push::same_word;
using mjpeg_push::split_header;
using mjpeg_push::trimmed;

namespace {

constexpr std::size_t kMaxDelimiterBytes = 256;

tl::unexpected<Error> malformed(const char* what) { return fail(ErrorCode::InvalidArgument, what); }

// "123.5 60 20"
std::optional<Annotation> ball_of(std::string_view text) noexcept {
  std::array<double, 3> numbers{};
  for (auto& number : numbers) {
    text = trimmed(text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (!text.empty() || numbers[2] < 0) return std::nullopt;
  return Annotation{AnnotationKind::Ball, numbers[0], numbers[1], numbers[2]};
}

}  // namespace

Result<bool> PartReader::read(std::span<const std::byte>& bytes) {
  while (true) {
    switch (state_) {
      case State::Whole:
      case State::Delimiter: {
        state_ = State::Delimiter;
        const auto whole = line_.read(bytes, kMaxDelimiterBytes);
        if (!whole) return fail(whole.error());
        if (!*whole) return false;
        if (line_.line().empty()) break;  // the end of the part before
        if (!line_.line().starts_with("--")) return malformed("no boundary between two pictures");
        state_ = State::Head;
        head_bytes_ = 0;
        has_length_ = false;
        head_ = {};
        break;
      }
      case State::Head: {
        const auto whole = line_.read(bytes, kMaxPartHeadBytes);
        if (!whole) return fail(whole.error());
        if (!*whole) return false;
        const auto line = line_.line();
        head_bytes_ += line.size() + 2;
        if (head_bytes_ > kMaxPartHeadBytes) return malformed("a part's head is too large");
        if (!line.empty()) {
          if (auto ok = on_header(line); !ok) return fail(ok.error());
          break;
        }
        if (!has_length_) return malformed("a picture without Content-Length");
        picture_.clear();
        state_ = State::Body;
        break;
      }
      case State::Body: {
        const auto count = std::min(bytes.size(), head_.length - picture_.size());
        picture_.insert(picture_.end(), bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(count));
        bytes = bytes.subspan(count);
        if (picture_.size() < head_.length) return false;
        state_ = State::Whole;
        return true;
      }
    }
  }
}

Result<void> PartReader::on_header(std::string_view line) {
  const auto header = split_header(line);
  if (!header) return malformed("a malformed header before a picture");
  if (same_word(header->name, "content-length")) {
    const auto length = decimal(header->value);
    if (!length || has_length_ || *length == 0 || *length > kMaxPictureBytes)
      return malformed("a picture whose Content-Length is none");
    head_.length = *length;
    has_length_ = true;
  } else if (same_word(header->name, "x-sequence")) {
    head_.sequence = decimal(header->value);
  } else if (same_word(header->name, "x-capture-time-ns")) {
    if (const auto time = decimal(header->value))
      head_.capture_time_ns = static_cast<std::int64_t>(*time);
  } else if (same_word(header->name, "x-ball")) {
    head_.ball = ball_of(header->value);
  }
  return {};
}

}  // namespace lenswire::wire::mjpeg_pull
