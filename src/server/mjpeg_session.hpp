// mjpeg_session.hpp - a client that watches multipart/x-mixed-replace.
#pragma once

#include <memory>
#include <string>

#include "hub/delivery_queue.hpp"
#include "server/connection_table.hpp"
#include "server/outgoing.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace lenswire::server {

/// A client that takes nothing for this long is cut.
inline constexpr auto kNoProgressDeadline = std::chrono::seconds(10);

/// Sends the newest frame whenever the socket has room for it.
class MjpegSession final : public Session, private net::StreamListener, private FrameReceiver {
 public:
  /// `head` is the HTTP response head, sent first.
  MjpegSession(Worker& worker, std::unique_ptr<net::Stream> stream,
               ConnectionTable::Admission admission, std::string head, LoopFanout& fanout,
               const hub::DeliverySettings& delivery);
  ~MjpegSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;

 private:
  void on_readable() override;
  void on_writable() override;
  void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) override;
  void ended(const Error&) override { end(); }
  [[nodiscard]] bool wants_every_frame() const noexcept override;
  void pump();
  void end();

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  LoopFanout& fanout_;
  hub::DeliveryQueue queue_;
  Outgoing outgoing_;
  std::size_t outgoing_bytes_ = 0;
  MonotonicTime last_progress_;
  SessionId id_ = 0;
  bool ended_ = false;
};

}  // namespace lenswire::server
