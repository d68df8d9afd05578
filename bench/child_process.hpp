// child_process.hpp - a server in a process of its own, whose CPU time and memory can be asked for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

#include "base/unique_fd.hpp"

namespace lenswire::bench {

/// What a server has used since it began.
struct Usage {
  std::int64_t cpu_ns = 0;
  std::int64_t resident_bytes = 0;
  std::uint64_t dropped = 0;
};

/// Pins the calling thread, and what it starts, to one core; without effect where that core is
/// missing.
void pin_to_core(int core) noexcept;

/// Forks. The child pins itself to `core` and calls `serve(report_port)`, which must report its
/// port and then serve until its process is ended.
///
/// Fork before threads are started, or from a process that has none.
class ChildServer {
 public:
  using Serve = std::function<void(std::function<void(std::uint16_t)> report_port)>;
  ChildServer(int core, const Serve& serve);
  ~ChildServer();  // kills it
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// From /proc: all threads of the child.
  [[nodiscard]] Usage usage() const;

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace lenswire::bench
