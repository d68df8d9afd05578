// result.hpp - the one error type and the one result type of lenswire.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace lenswire {

/// Why something failed. The command line maps each to an exit code (see the manual).
enum class ErrorCode {
  InvalidArgument,
  NotFound,
  Unsupported,
  Busy,
  PermissionDenied,
  Disconnected,
  Timeout,
  Closed,
  Truncated,
  VersionMismatch,
};

/// The stable lower-case name of a code ("not_found"), as used on the wire and in JSON.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// The code with this stable name; InvalidArgument for a name nobody knows.
[[nodiscard]] ErrorCode error_code_from_string(std::string_view name) noexcept;

/// A failure. `message` names the thing and the remedy; it never holds a secret.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::InvalidArgument;
  std::string message;
};

/// A value or an Error. A thin class so that a forgotten result is a compiler warning.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

/// Builds the failing side of any Result: `return fail(ErrorCode::Busy, "...")`.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// What unwrap() throws.
class Exception : public std::runtime_error {
 public:
  explicit Exception(const Error& error) : std::runtime_error(error.message), code_(error.code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// The value, or an Exception for those who prefer one.
template <typename T>
T unwrap(Result<T> result) {
  if (!result) throw Exception(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace lenswire
