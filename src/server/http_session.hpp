// http_session.hpp - one HTTP connection: requests in, answers out, or on to a stream.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/http.hpp"
#include "server/connection_table.hpp"
#include "server/http_api.hpp"
#include "server/outgoing.hpp"
#include "server/session.hpp"
#include "server/snapshot.hpp"
#include "server/worker.hpp"

namespace lenswire::server {

inline constexpr auto kHeadDeadline = std::chrono::seconds(10);
inline constexpr auto kKeepAliveIdle = std::chrono::seconds(30);
inline constexpr unsigned kMaxRequestsPerConnection = 1000;
/// After the head deadline a body must come at this rate.
inline constexpr double kMinBodyBytesPerSecond = 500;

/// Serves one request at a time. A stream or a WebSocket takes the connection over.
class HttpSession final : public Session, private net::StreamListener {
 public:
  HttpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
              ConnectionTable::Admission admission);
  ~HttpSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;
  [[nodiscard]] const ConnectionTable::Admission* idle() const noexcept override;

 private:
  void on_readable() override;
  void on_writable() override;
  void serve();
  bool serve_next();
  void dispatch(const net::HttpRequest& request);
  void open_stream(const OpenStream& target);
  void open_snapshot(const OpenSnapshot& target);
  void open_rtc(const OpenRtc& target);
  void answer_rtc(net::RtcStack& stack, const OpenRtc& target, RtcDesk::Place place);
  void respond(const HttpAnswer& answer);
  void flush();
  void linger();
  void end();

  enum class State { Reading, Answering, WaitingForAnswer, Lingering, Handed };

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  net::HttpRequestParser parser_;
  State state_ = State::Reading;
  Outgoing outgoing_;
  std::string body_;
  std::unique_ptr<Snapshot> snapshot_;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool waits_for_rtc_ = false;
  bool serving_ = false;
  unsigned requests_ = 0;
  std::uint64_t deferred_ = 0;  // number of the newest deferred answer
  std::size_t lingered_bytes_ = 0;
  std::uint64_t received_in_request_ = 0;
  MonotonicTime phase_began_;
  SessionId id_ = 0;
  bool ended_ = false;
};

}  // namespace lenswire::server
