#include <lenswire/source.hpp>

#include <fmt/format.h>

namespace lenswire {

Result<std::vector<Control>> Source::set_controls(const ControlSettings& settings) {
  if (settings.empty()) return std::vector<Control>{};
  return fail(ErrorCode::NotFound,
              fmt::format("no control '{}': this source has none", settings.front().first));
}

}  // namespace lenswire
