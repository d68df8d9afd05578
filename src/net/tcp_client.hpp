// tcp_client.hpp - a connected byte stream for a caller who waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "base/stop_token.hpp"
#include "base/unique_fd.hpp"

namespace lenswire::net {

/// A connection, plain or TLS. Every wait ends at a deadline or at a stop.
///
/// Errors of all calls: Disconnected when the peer or the network ended it; Closed after a stop.
/// After an error the stream is of no more use.
/// Threading: thread-bound.
class ClientStream {
 public:
  virtual ~ClientStream() = default;

  /// Fills the front of `into` and returns how much. Returns once at least `at_least` bytes are
  /// there, or at the deadline with whatever came (perhaps 0).
  virtual Result<std::size_t> receive(std::span<std::byte> into, std::size_t at_least,
                                      MonotonicTime deadline) = 0;

  /// Sends all of it. Errors: also Timeout when the peer takes nothing until the deadline.
  virtual Result<void> send(std::span<const std::byte> bytes, MonotonicTime deadline) = 0;
};

/// Resolves and connects; tries the host's addresses one after the other.
///
/// Errors: NotFound for an unknown host; Disconnected when nobody listens or there is no route;
/// Timeout; Closed after a stop.
Result<base::UniqueFd> connect_tcp(const std::string& host, std::uint16_t port,
                                   MonotonicTime deadline, const base::StopToken& stop);

/// Takes over a connected, blocking socket.
[[nodiscard]] std::unique_ptr<ClientStream> make_tcp_stream(base::UniqueFd socket,
                                                            base::StopToken stop);

/// Waits until `fd` shows one of `events`. True if it does, false at the deadline.
/// Errors: Closed after a stop.
Result<bool> wait_for_socket(int fd, short events, MonotonicTime deadline,
                             const base::StopToken& stop);

/// "host:port", with brackets around an IPv6 address.
[[nodiscard]] std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace lenswire::net
