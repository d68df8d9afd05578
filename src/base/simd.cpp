#include "base/simd.hpp"

#include <cstdlib>
#include <string_view>

namespace lenswire::base {

bool force_scalar() noexcept {
#ifdef LENSWIRE_HAVE_HIGHWAY
  static const bool forced = [] {
    const char* value = std::getenv("LENSWIRE_FORCE_SCALAR");
    return value != nullptr && std::string_view(value) == "1";
  }();
  return forced;
#else
  return true;
#endif
}

}  // namespace lenswire::base
