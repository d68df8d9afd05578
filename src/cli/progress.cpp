#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/clock.hpp"

namespace lenswire::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(200);

}  // namespace

Progress::Progress(std::uint64_t total, std::string_view unit)
    : total_(total),
      unit_(unit),
      shown_(::isatty(STDERR_FILENO) == 1),
      begun_(base::system_clock().now()) {}

Progress::~Progress() {
  if (shown_ && drawn_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::step(std::uint64_t done, std::string_view remark) {
  const auto now = base::system_clock().now();
  if (!shown_ || now - last_ < kRedraw) return;
  last_ = now;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  fmt::print(stderr, "\r\x1b[K{} of {} {}, {:.1f} a second", done, total_, unit_, rate);
  if (rate > 0) fmt::print(stderr, ", {:.0f} s left", static_cast<double>(total_ - done) / rate);
  if (!remark.empty()) fmt::print(stderr, ", {}", remark);
  std::fflush(stderr);
}

}  // namespace lenswire::cli
