#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <map>
#include <optional>

#include "base/mutex.hpp"

namespace lenswire::base {
namespace {

constexpr std::uint32_t kLinesPerSecond = 10;

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static auto instance = [] {
    auto made = std::make_unique<spdlog::logger>("lenswire",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e level=%l %v");
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

// The length in bytes of the printable character beyond ASCII that `text` begins with; 0 where
// there is none: bad UTF-8, the control characters of C1 (which terminals obey, too), and those
// that break lines or turn the direction of text.
std::size_t beyond_ascii(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const bool control = code < 0xa0 || (code >= 0x2028 && code <= 0x202e);
  return overlong || surrogate || control || code > 0x10ffff ? 0 : length;
}

class RateLimit {
 public:
  /// How many lines of this event were left out before this one, or nothing: leave it out.
  std::optional<std::uint32_t> admit(std::string_view event) LENSWIRE_EXCLUDES(mutex_) {
    const auto now = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    auto& window = windows_.try_emplace(std::string(event)).first->second;
    if (now - window.start >= std::chrono::seconds(1)) {
      const auto left_out = window.left_out;
      window = {now, 1, 0};
      return left_out;
    }
    if (window.written >= kLinesPerSecond) {
      ++window.left_out;
      return std::nullopt;
    }
    ++window.written;
    return 0;
  }

 private:
  struct Window {
    std::chrono::steady_clock::time_point start{};
    std::uint32_t written = 0;
    std::uint32_t left_out = 0;
  };
  Mutex mutex_;
  // Events are identifiers in our own code, so the map stays small.
  std::map<std::string, Window, std::less<>> windows_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace

void set_log_level(LogLevel level) noexcept { logger().set_level(spdlog_level(level)); }

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  static RateLimit limit;
  if (!logger().should_log(spdlog_level(level))) return;
  const auto left_out = limit.admit(event);
  if (!left_out) return;
  std::string line = fmt::format("event={}", event);
  for (const auto& field : fields)
    fmt::format_to(std::back_inserter(line), " {}={}", field.key, log_escaped(field.value));
  if (*left_out > 0) fmt::format_to(std::back_inserter(line), " left_out={}", *left_out);
  logger().log(spdlog_level(level), "{}", line);
}

std::string log_escaped(std::string_view text) {
  std::string out;
  bool quoted = text.empty();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (const auto length = byte < 0x80 ? 0 : beyond_ascii(text.substr(i))) {
      out.append(text, i, length);
      i += length - 1;
    } else if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      if (c == '"' || c == '\\') out.push_back('\\');
      if (c == ' ' || c == '"' || c == '=') quoted = true;
      out.push_back(c);
    }
  }
  return quoted ? '"' + out + '"' : out;
}

}  // namespace lenswire::base
