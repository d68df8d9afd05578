// response_head.hpp - the head of an HTTP answer, as a client reads it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lenswire/result.hpp>

#include "wire/mjpeg_push/line_reader.hpp"

namespace lenswire::wire::mjpeg_pull {

inline constexpr std::size_t kMaxHeadBytes = std::size_t{32} << 10;
inline constexpr std::size_t kMaxHeaders = 100;

/// Reads status line and headers up to the empty line, from any pieces.
///
/// Threading: reentrant.
class ResponseHead {
 public:
  /// Consumes from the front of `bytes`; true when the head is whole.
  /// Errors: InvalidArgument for anything that is no HTTP/1 answer, or past a limit.
  Result<bool> read(std::span<const std::byte>& bytes);

  [[nodiscard]] int status() const noexcept { return status_; }
  /// The header's value, or an empty text. Names compare without case.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;

 private:
  int status_ = 0;  // 0 until the status line has come
  std::size_t bytes_ = 0;
  mjpeg_push::LineReader line_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace lenswire::wire::mjpeg_pull
