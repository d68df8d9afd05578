// reception.hpp - who meets the connections of a port.
#pragma once

#include <memory>

#include "net/stream.hpp"
#include "server/connection_table.hpp"
#include "server/session.hpp"

namespace lenswire::server {

class Worker;

/// Makes the session for each connection that one listening port accepts.
///
/// Threading: thread-safe; outlives the workers' sessions.
class Reception {
 public:
  virtual ~Reception() = default;

  /// How the kernel treats the accepted sockets.
  [[nodiscard]] virtual net::SocketSettings socket_settings() const { return {}; }

  /// Called on the worker's thread.
  virtual std::unique_ptr<Session> greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                         ConnectionTable::Admission admission) = 0;

  /// There is no room: a word, where the protocol has one, before the connection is closed.
  virtual void refuse(net::Stream& stream) { stream.close(); }
};

}  // namespace lenswire::server
