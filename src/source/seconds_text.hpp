// seconds_text.hpp - how messages of this layer write a duration.
#pragma once

#include <fmt/format.h>

#include <string>

#include <lenswire/time.hpp>

namespace lenswire::source {

/// "2 s", "0.25 s".
[[nodiscard]] inline std::string seconds_text(Nanoseconds duration) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(duration).count());
}

}  // namespace lenswire::source
