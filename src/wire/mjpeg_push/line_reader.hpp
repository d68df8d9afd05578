// line_reader.hpp - lines that end with CRLF, out of any pieces.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::wire::mjpeg_push {

/// Takes bytes up to and with the next CRLF. Strict: a bare CR or LF, and any other control
/// character but the tab, is an error.
///
/// Threading: reentrant.
class LineReader {
 public:
  /// Consumes from the front of `bytes`; true when line() is whole. After a whole line, the next
  /// call begins the next one.
  /// Errors: InvalidArgument, also for a line longer than `limit`.
  Result<bool> read(std::span<const std::byte>& bytes, std::size_t limit) {
    if (whole_) start({});
    while (!bytes.empty()) {
      const char c = static_cast<char>(bytes.front());
      bytes = bytes.subspan(1);
      if (after_cr_ && c != '\n') return fail(ErrorCode::InvalidArgument, "a CR without its LF");
      if (after_cr_) {
        after_cr_ = false;
        whole_ = true;
        return true;
      }
      if (c == '\r') {
        after_cr_ = true;
        continue;
      }
      const auto code = static_cast<unsigned char>(c);
      if ((code < 0x20 && c != '\t') || code == 0x7f)
        return fail(ErrorCode::InvalidArgument, "a control character in the text");
      if (line_.size() >= limit) return fail(ErrorCode::InvalidArgument, "a line is too long");
      line_.push_back(c);
    }
    return false;
  }

  [[nodiscard]] std::string_view line() const noexcept { return line_; }

  /// Begins a line whose first part is known already.
  void start(std::string_view text) {
    line_.assign(text);
    whole_ = false;
    after_cr_ = false;
  }

 private:
  std::string line_;
  bool whole_ = false;
  bool after_cr_ = false;
};

}  // namespace lenswire::wire::mjpeg_push
