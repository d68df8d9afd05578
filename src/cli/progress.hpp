// progress.hpp - how far long work is, on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <lenswire/time.hpp>

namespace lenswire::cli {

/// Rate and time left on one line of stderr that is written over, and gone at the end; nothing
/// where stderr is no terminal.
///
/// Threading: thread-bound.
class Progress {
 public:
  /// `unit` in the plural: "frames".
  Progress(std::uint64_t total, std::string_view unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `remark` follows the numbers.
  void step(std::uint64_t done, std::string_view remark = {});

 private:
  const std::uint64_t total_;
  const std::string unit_;
  const bool shown_;
  bool drawn_ = false;
  const MonotonicTime begun_;
  MonotonicTime last_{};
};

}  // namespace lenswire::cli
