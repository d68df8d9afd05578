// exit_code.hpp - what a command returns to the shell; docs/manual.md has the same table.
#pragma once

#include <lenswire/result.hpp>

namespace lenswire::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitInternal = 1;
inline constexpr int kExitInterrupted = 130;

[[nodiscard]] constexpr int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return 2;
    case ErrorCode::NotFound:
      return 3;
    case ErrorCode::PermissionDenied:
      return 4;
    case ErrorCode::Busy:
      return 5;
    case ErrorCode::Disconnected:
      return 6;
    case ErrorCode::Timeout:
      return 7;
    case ErrorCode::Unsupported:
      return 8;
    case ErrorCode::VersionMismatch:
      return 9;
    case ErrorCode::Truncated:
      return 10;
    case ErrorCode::Closed:
      return 11;
  }
  return kExitInternal;
}

}  // namespace lenswire::cli
