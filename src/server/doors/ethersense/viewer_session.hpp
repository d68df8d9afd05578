// viewer_session.hpp - a connection to one EtherSense viewer.
#pragma once

#include <memory>
#include <string>

#include "hub/delivery_queue.hpp"
#include "hub/wish.hpp"
#include "server/connection_table.hpp"
#include "server/doors/ethersense/viewer_book.hpp"
#include "server/loop_fanout.hpp"
#include "server/outgoing.hpp"
#include "server/session.hpp"

namespace lenswire::server {
class Camera;
class Worker;
}  // namespace lenswire::server

namespace lenswire::server::ethersense {

/// What every viewer of a door gets.
struct Delivery {
  std::string stream = "depth";
  hub::Wish wish;
  double rate_hz = 0;  ///< 0: every frame
};

/// Sends frames the way the original viewer can take them. It reads without waiting, and takes for
/// granted that a whole header and the first bytes after it are there as soon as the first byte is:
/// otherwise it closes. So a frame is one buffer and one write, and begins only when everything
/// before it has been acknowledged: then its header begins a segment, and a write that the socket's
/// buffer cuts short is always cut inside the pickle, where it does no harm. A viewer that is not
/// ready misses whole frames.
class ViewerSession final : public Session, private net::StreamListener, private FrameReceiver {
 public:
  ViewerSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                ConnectionTable::Admission admission, ViewerBook::Seat seat, Camera& camera,
                const Delivery& delivery);
  ~ViewerSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;

 private:
  void on_readable() override;
  void on_writable() override;
  void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) override;
  [[nodiscard]] bool wants_every_frame() const noexcept override { return false; }
  void join();
  void pump();
  void end(std::string_view reason);
  [[nodiscard]] std::size_t under_way() const noexcept;

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  const ViewerBook::Seat seat_;
  Camera& camera_;
  const Delivery& delivery_;
  LoopFanout* fanout_ = nullptr;
  hub::DeliveryQueue queue_;
  Outgoing outgoing_;
  std::size_t last_under_way_ = 0;
  MonotonicTime last_progress_;
  SessionId id_ = 0;
  bool ended_ = false;
};

}  // namespace lenswire::server::ethersense
