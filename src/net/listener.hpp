// listener.hpp - accepts connections and hands their sockets out.
#pragma once

#include <functional>
#include <memory>

#include <lenswire/result.hpp>

#include "base/unique_fd.hpp"
#include "net/address.hpp"
#include "net/io_thread.hpp"

namespace lenswire::net {

/// A listening TCP socket. When the process has no descriptors left, it pauses for 100 ms instead
/// of spinning.
///
/// Threading: accepts on its IoThread; destroyed there or after the thread has stopped.
class TcpListener {
 public:
  using Accepted = std::function<void(base::UniqueFd socket)>;

  /// Binds and listens at once, so that errors show here; accepting begins with start().
  /// Errors: Busy when the port is in use, PermissionDenied for a port below 1024 without the
  /// right, InvalidArgument for an address that this machine does not have; each names the address
  /// and the remedy.
  static Result<std::unique_ptr<TcpListener>> open(IoThread& thread, const Address& address);
  ~TcpListener();

  void start(Accepted accepted);

  /// With the port that was really bound, where 0 was asked for.
  [[nodiscard]] const Address& address() const noexcept { return address_; }

 private:
  class Impl;
  TcpListener(std::unique_ptr<Impl> impl, Address address);

  std::unique_ptr<Impl> impl_;
  Address address_;
};

}  // namespace lenswire::net
