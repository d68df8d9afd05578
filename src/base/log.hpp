// log.hpp - one key=value line per event on stderr, for people and for journald.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lenswire::base {

enum class LogLevel { Debug, Info, Warning, Error };

/// One key=value of a log line. Values are escaped when written, so hostile text is harmless;
/// callers see to it that no secret is among them.
struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, std::integral auto v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, double v) : key(k), value(std::to_string(v)) {}

  std::string_view key;
  std::string value;
};

/// Nothing below this level is written. Default: Info.
void set_log_level(LogLevel level) noexcept;

/// Writes `event key=value ...`. At most 10 lines a second per event; the next one that passes says
/// how many were left out. `event` is a stable identifier: "client_slow".
///
/// Threading: thread-safe. Not for the per-frame path.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Info, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Warning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::Error, event, fields);
}

/// `text` with control characters, quotes and backslashes escaped; quoted when it holds a space.
[[nodiscard]] std::string log_escaped(std::string_view text);

}  // namespace lenswire::base
