// session.hpp - one connected client, on one I/O thread.
#pragma once

#include <cstdint>
#include <string_view>

#include <lenswire/time.hpp>

#include "net/stream.hpp"
#include "server/connection_table.hpp"

namespace lenswire::server {

using SessionId = std::uint64_t;

/// Threading: thread-bound to its Worker's I/O thread.
class Session {
 public:
  virtual ~Session() = default;

  /// Called once, when the worker has taken the session: from here on it may work and retire().
  virtual void begin(SessionId id) = 0;

  /// Called about twice a second: the place for every deadline.
  virtual void tick(MonotonicTime now) = 0;

  /// The server stops: say goodbye where the protocol has a word for it.
  virtual void farewell() {}

  /// What it occupies while it only waits for its client to ask for something; null while it has
  /// work. The oldest such session goes first when connections run out.
  [[nodiscard]] virtual const ConnectionTable::Admission* idle() const noexcept { return nullptr; }
};

}  // namespace lenswire::server
