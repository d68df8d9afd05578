// driver_process.hpp - the process in which a camera driver runs.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"
#include "source/driver/driver_channel.hpp"

namespace lenswire::source::driver {

/// The program that runs drivers, beside the modules.
inline constexpr const char* kDriverProgram = "lenswire-driver";
/// The descriptor on which it finds the channel.
inline constexpr int kDriverChannel = 3;

/// A running lenswire-driver. It is killed, if need be, and waited for when this goes.
///
/// Threading: thread-bound, except channel().
class DriverProcess {
 public:
  /// Starts the program for the module named like the scheme.
  /// Errors: NotFound (no such program), Busy (the system refused).
  static Result<std::unique_ptr<DriverProcess>> start(std::string_view scheme);
  ~DriverProcess();
  DriverProcess(const DriverProcess&) = delete;
  DriverProcess& operator=(const DriverProcess&) = delete;

  [[nodiscard]] Channel& channel() noexcept { return channel_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Waits until it ended, or kills it after `grace`. Says how it ended: "was killed by SIGSEGV
  /// (Segmentation fault)".
  std::string end(Nanoseconds grace);

 private:
  DriverProcess(base::UniqueFd socket, pid_t pid) : channel_(std::move(socket)), pid_(pid) {}

  Channel channel_;
  const pid_t pid_;
  bool ended_ = false;
  std::string how_;
};

}  // namespace lenswire::source::driver
