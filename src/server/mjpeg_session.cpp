#include "server/mjpeg_session.hpp"

#include <array>

#include "base/log.hpp"
#include "server/multipart.hpp"
#include "server/services.hpp"

namespace lenswire::server {

MjpegSession::MjpegSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                           ConnectionTable::Admission admission, std::string head,
                           LoopFanout& fanout, const hub::DeliverySettings& delivery)
    : worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      fanout_(fanout),
      queue_(delivery),
      last_progress_(worker.now()) {
  outgoing_.set_head(head);
}

MjpegSession::~MjpegSession() { end(); }

void MjpegSession::begin(SessionId id) {
  id_ = id;
  stream_->set_listener(this);
  stream_->wait_readable();
  outgoing_.start(nullptr);
  pump();
  if (ended_) return;
  if (auto joined = fanout_.join(*this); !joined) end();
}

void MjpegSession::end() {
  if (std::exchange(ended_, true)) return;
  fanout_.leave(*this);
  stream_->close();
  worker_.retire(id_);
}

bool MjpegSession::wants_every_frame() const noexcept {
  return queue_.settings().policy == hub::DeliveryPolicy::Every;
}

void MjpegSession::offer(const hub::EncodedFramePtr& frame, const MissedList& lost) {
  if (ended_) return;
  queue_.note_missed(lost);
  queue_.offer(frame);
  if (outgoing_.empty()) pump();
}

void MjpegSession::pump() {
  auto& totals = worker_.services().totals;
  while (true) {
    if (outgoing_.empty()) {
      if (!queue_.ready()) return;
      MissedList missed;
      auto frame = queue_.take(missed);
      totals.count_missed(missed);
      outgoing_.set_head(fanout_.part_head(*frame));
      outgoing_.start(std::move(frame), "\r\n");
      outgoing_bytes_ = outgoing_.total();
      last_progress_ = worker_.now();
    }
    switch (outgoing_.flush(*stream_)) {
      case net::IoStatus::Done:
        if (outgoing_bytes_ > 0) {
          totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
          totals.bytes_sent.fetch_add(outgoing_bytes_, std::memory_order_relaxed);
        }
        break;
      case net::IoStatus::WouldBlock:
        stream_->wait_writable();
        return;
      default:
        end();
        return;
    }
  }
}

void MjpegSession::on_writable() {
  if (ended_) return;
  last_progress_ = worker_.now();
  pump();
}

void MjpegSession::on_readable() {
  if (ended_) return;
  // The client has nothing more to say; what counts is whether it is still there.
  std::array<std::byte, 1024> ignored;
  const auto got = stream_->read(ignored);
  if (got.status == net::IoStatus::Closed || got.status == net::IoStatus::Failed) return end();
  stream_->wait_readable();
}

void MjpegSession::tick(MonotonicTime now) {
  if (outgoing_.empty() || now - last_progress_ < kNoProgressDeadline) return;
  worker_.services().totals.slow_clients_cut.fetch_add(1);
  base::log_info(
      "client_cut",
      {{"peer", stream_->peer().host}, {"reason", "took nothing for 10 s"}, {"protocol", "http"}});
  end();
}

}  // namespace lenswire::server
