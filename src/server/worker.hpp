// worker.hpp - one I/O thread with its sessions and its fan-outs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "net/io_thread.hpp"
#include "server/loop_fanout.hpp"
#include "server/session.hpp"

namespace lenswire::server {

class Reception;
class Services;

/// Owns the sessions of one I/O thread. Sessions end by retire(): they are destroyed a moment
/// later, never under their own feet.
///
/// Threading: thread-bound to thread(), except where it says otherwise.
class Worker {
 public:
  Worker(std::string name, Services& services);
  ~Worker();

  /// Thread-safe. The socket goes to a session on this worker, which `reception` makes.
  void adopt(base::UniqueFd socket, Reception& reception);

  SessionId add(std::unique_ptr<Session> session);
  void retire(SessionId id);

  /// Thread-safe: runs `task` with the session on the loop, if it is still there then.
  void with_session(SessionId id, std::function<void(Session&)> task);
  /// Thread-safe: runs `task` with every session.
  void with_all(std::function<void(Session&)> task);

  /// The fan-out for this stream and wish, made when needed. It goes with its last member.
  LoopFanout& fanout(hub::StreamHub& stream, const hub::Wish& wish);

  [[nodiscard]] net::IoThread& thread() noexcept { return thread_; }
  [[nodiscard]] Services& services() noexcept { return services_; }
  [[nodiscard]] MonotonicTime now() const noexcept;

  /// Thread-safe: says goodbye to all, flushes what goes at once, stops the loop, destroys.
  void stop();

 private:
  void tick();
  void bury();
  void drop_empty_fanouts();
  /// Ends the oldest idle session in its way, if there is one.
  bool make_room_for(const ConnectionTable::Admission& refused);

  Services& services_;
  net::IoThread thread_;
  SessionId last_id_ = 0;
  std::map<SessionId, std::unique_ptr<Session>> sessions_;  // by age
  std::vector<std::unique_ptr<Session>> graveyard_;
  bool burial_posted_ = false;
  std::vector<std::unique_ptr<LoopFanout>> fanouts_;
  bool stopped_ = false;
};

}  // namespace lenswire::server
