#include "wire/mjpeg_push/body_reader.hpp"

#include <algorithm>
#include <charconv>

namespace lenswire::wire::mjpeg_push {
namespace {

constexpr std::size_t kMaxSizeLine = 256;  // with extensions, which nobody sends
constexpr std::size_t kMaxTrailerLine = 8 << 10;
constexpr std::size_t kMaxTrailers = 100;
constexpr std::size_t kMaxSizeDigits = 8;

}  // namespace

BodyReader BodyReader::chunked() noexcept {
  BodyReader reader;
  reader.state_ = State::Size;
  return reader;
}

BodyReader BodyReader::of_length(std::uint64_t bytes) noexcept {
  BodyReader reader;
  reader.state_ = bytes == 0 ? State::Ended : State::Counted;
  reader.left_ = bytes;
  return reader;
}

Result<void> BodyReader::begin_chunk() {
  auto text = line_.line().substr(0, line_.line().find(';'));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  std::uint64_t size = 0;
  const auto* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, size, 16);
  if (text.empty() || text.size() > kMaxSizeDigits || error != std::errc() || end != last ||
      text.front() == '-')
    return fail(ErrorCode::InvalidArgument, "a chunk without a length");
  left_ = size;
  state_ = size == 0 ? State::Trailer : State::Data;
  return {};
}

Result<std::span<const std::byte>> BodyReader::peek(std::span<const std::byte>& bytes) {
  while (true) {
    switch (state_) {
      case State::UntilClose:
        return bytes;
      case State::Counted:
      case State::Data:
        return bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_)));
      case State::Ended:
        return std::span<const std::byte>();
      case State::Size:
      case State::DataEnd:
      case State::Trailer:
        break;
    }
    const auto whole = line_.read(bytes, state_ == State::Trailer ? kMaxTrailerLine : kMaxSizeLine);
    if (!whole) return fail(whole.error());
    if (!*whole) return std::span<const std::byte>();
    if (state_ == State::Size) {
      if (auto begun = begin_chunk(); !begun) return fail(begun.error());
    } else if (state_ == State::DataEnd) {
      if (!line_.line().empty())
        return fail(ErrorCode::InvalidArgument, "a chunk is longer than its length");
      state_ = State::Size;
    } else if (line_.line().empty()) {
      state_ = State::Ended;
    } else if (++trailers_ > kMaxTrailers) {
      return fail(ErrorCode::InvalidArgument, "too many trailers");
    }
  }
}

void BodyReader::taken(std::size_t count) noexcept {
  if (state_ != State::Counted && state_ != State::Data) return;
  left_ -= count;
  if (left_ == 0) state_ = state_ == State::Data ? State::DataEnd : State::Ended;
}

}  // namespace lenswire::wire::mjpeg_push
