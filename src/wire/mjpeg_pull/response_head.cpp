#include "wire/mjpeg_pull/response_head.hpp"

#include "wire/mjpeg_push/text.hpp"

namespace lenswire::wire::mjpeg_pull {

using mjpeg_push::decimal;
using mjpeg_push::same_word;
using mjpeg_push::split_header;

namespace {

tl::unexpected<Error> malformed(const char* what) { return fail(ErrorCode::InvalidArgument, what); }

}  // namespace

Result<bool> ResponseHead::read(std::span<const std::byte>& bytes) {
  while (true) {
    const auto whole = line_.read(bytes, kMaxHeadBytes);
    if (!whole) return fail(whole.error());
    if (!*whole) return false;
    const auto line = line_.line();
    bytes_ += line.size() + 2;
    if (bytes_ > kMaxHeadBytes) return malformed("the answer's head is larger than 32 KiB");
    if (status_ == 0) {
      const auto code = line.size() >= 12 ? decimal(line.substr(9, 3)).value_or(0) : 0;
      if (!line.starts_with("HTTP/1.") || line[8] != ' ' || code < 100)
        return malformed("this is no HTTP answer");
      status_ = static_cast<int>(code);
    } else if (line.empty()) {
      return true;
    } else {
      const auto header = split_header(line);
      if (!header) return malformed("a malformed header in the answer");
      if (headers_.size() >= kMaxHeaders) return malformed("more than 100 headers in the answer");
      headers_.emplace_back(header->name, header->value);
    }
  }
}

std::string_view ResponseHead::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers_)
    if (same_word(key, name)) return value;
  return {};
}

}  // namespace lenswire::wire::mjpeg_pull
