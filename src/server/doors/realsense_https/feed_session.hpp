// feed_session.hpp - one client of the RealSense HTTPS door.
#pragma once

#include <memory>
#include <string>

#include "hub/delivery_queue.hpp"
#include "net/http.hpp"
#include "server/connection_table.hpp"
#include "server/outgoing.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "wire/mjpeg_push/encode.hpp"

namespace lenswire::server::realsense_https {

class RealsenseHttpsDoor;

/// A client that takes nothing for so long is cut, as the originals forget it.
inline constexpr auto kForgetAfter = std::chrono::seconds(5);

/// Reads one request and answers it: with a text, or with the newest picture whenever the socket
/// has room. Then the connection ends.
class FeedSession final : public Session, private net::StreamListener, private FrameReceiver {
 public:
  FeedSession(RealsenseHttpsDoor& door, Worker& worker, std::unique_ptr<net::Stream> stream,
              ConnectionTable::Admission admission);
  ~FeedSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;
  [[nodiscard]] const ConnectionTable::Admission* idle() const noexcept override {
    return state_ == State::Reading && !parser_.in_request() ? &admission_ : nullptr;
  }

 private:
  enum class State { Reading, Answering, Streaming, Lingering };

  void on_readable() override;
  void on_writable() override;
  void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) override;
  [[nodiscard]] bool wants_every_frame() const noexcept override { return false; }
  void read_request();
  void answer(const net::HttpRequest& request);
  void send_text(std::string text);
  void start_pictures(std::string head, wire::mjpeg_push::Framing framing);
  void pump();
  void discard();
  void end();

  RealsenseHttpsDoor& door_;
  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  net::HttpRequestParser parser_;
  State state_ = State::Reading;
  Outgoing outgoing_;
  std::string text_;  // an answer, or the head before the first picture
  wire::mjpeg_push::Framing framing_{};
  LoopFanout* fanout_ = nullptr;
  hub::DeliveryQueue queue_;
  std::size_t discarded_ = 0;
  bool client_closed_ = false;
  MonotonicTime last_progress_;
  SessionId id_ = 0;
  bool ended_ = false;
};

}  // namespace lenswire::server::realsense_https
