// greeter.hpp - finds out by its first bytes what a new connection speaks.
#pragma once

#include <memory>

#include "server/connection_table.hpp"
#include "server/reception.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace lenswire::server {

/// How long a client may take to say its first word, TLS handshake included.
inline constexpr auto kGreetingDeadline = std::chrono::seconds(10);

/// Looks, without taking anything, and hands the stream to the session for it: native, HTTP, or TLS
/// and then the same inside. Anything else is closed.
class Greeter final : public Session, private net::StreamListener {
 public:
  Greeter(Worker& worker, std::unique_ptr<net::Stream> stream,
          ConnectionTable::Admission admission);

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;

 private:
  void on_readable() override;
  void on_writable() override { on_readable(); }
  void close();

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  MonotonicTime deadline_;
  SessionId id_ = 0;
};

/// The main port: a Greeter for everyone, a short HTTP answer where there is no room.
class MainReception final : public Reception {
 public:
  std::unique_ptr<Session> greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                 ConnectionTable::Admission admission) override;
  void refuse(net::Stream& stream) override;
};

}  // namespace lenswire::server
