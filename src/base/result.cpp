#include <lenswire/result.hpp>

#include <array>

namespace lenswire {
namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "invalid_argument", "not_found", "unsupported", "busy",      "permission_denied",
    "disconnected",     "timeout",   "closed",      "truncated", "version_mismatch"};

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  return kNames.at(static_cast<std::size_t>(code));
}

ErrorCode error_code_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames.at(i) == name) return static_cast<ErrorCode>(i);
  return ErrorCode::InvalidArgument;
}

}  // namespace lenswire
