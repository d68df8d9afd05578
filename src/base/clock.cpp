#include "base/clock.hpp"

#include <ctime>

namespace lenswire::base {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const noexcept override {
    return MonotonicTime(std::chrono::steady_clock::now().time_since_epoch());
  }
  [[nodiscard]] UtcTime now_utc() const noexcept override {
    return UtcTime(std::chrono::system_clock::now().time_since_epoch());
  }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

}  // namespace lenswire::base
