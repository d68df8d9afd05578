#include "server/doors/ethersense/viewer_session.hpp"

#include <array>
#include <limits>

#include "base/log.hpp"
#include "net/acknowledged.hpp"
#include "server/camera.hpp"
#include "server/mjpeg_session.hpp"
#include "server/services.hpp"
#include "server/worker.hpp"

namespace lenswire::server::ethersense {
namespace {

// Pictures that the pickle carries as they are; all others become grey first.
bool is_carried(PixelFormat format) noexcept {
  return format == PixelFormat::Z16 || format == PixelFormat::Y16 || format == PixelFormat::Y8;
}

hub::Wish wish_for(const StreamProfile& profile, hub::Wish wish) {
  if (profile.format != PixelFormat::Z16 && wish.depth_picture != hub::DepthPicture::None) {
    wish.depth_picture = hub::DepthPicture::None;
    wish.depth_max_m.reset();
    wish.format = PixelFormat::Y8;
  }
  if (!is_carried(profile.format)) wish.format = PixelFormat::Y8;
  return wish;
}

}  // namespace

ViewerSession::ViewerSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                             ConnectionTable::Admission admission, ViewerBook::Seat seat,
                             Camera& camera, const Delivery& delivery)
    : worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      seat_(std::move(seat)),
      camera_(camera),
      delivery_(delivery),
      queue_({.policy = hub::DeliveryPolicy::Latest, .rate_hz = delivery.rate_hz}),
      last_progress_(worker.now()) {}

ViewerSession::~ViewerSession() { end("server stops"); }

void ViewerSession::begin(SessionId id) {
  id_ = id;
  admission_.authenticated();  // it is we who called
  stream_->set_listener(this);
  // At most one frame is under way, so there is nothing to bound; a bound would cut writes short.
  stream_->set_unsent_limit(std::numeric_limits<std::uint32_t>::max());
  net::report_acknowledgements(stream_->native_handle());
  base::log_info(
      "ethersense_viewer",
      {{"viewer", seat_.viewer().text()}, {"camera", camera_.name()}, {"state", "connected"}});
  stream_->wait_readable();
  join();
}

void ViewerSession::join() {
  const auto stream = camera_.stream(delivery_.stream);
  if (!stream) {
    // A camera that is being opened, or is away, may come yet: the next tick looks again.
    if (stream.error().code == ErrorCode::NotFound) end(stream.error().message);
    return;
  }
  fanout_ = &worker_.fanout(**stream, wish_for(*(*stream)->profile(), delivery_.wish));
  if (auto joined = fanout_->join(*this); !joined) {
    fanout_ = nullptr;
    end(joined.error().message);
  }
}

void ViewerSession::end(std::string_view reason) {
  if (std::exchange(ended_, true)) return;
  if (fanout_) fanout_->leave(*this);
  stream_->close();
  base::log_info("ethersense_viewer",
                 {{"viewer", seat_.viewer().text()}, {"state", "gone"}, {"reason", reason}});
  worker_.retire(id_);
}

void ViewerSession::offer(const hub::EncodedFramePtr& frame, const MissedList& lost) {
  if (ended_) return;
  queue_.note_missed(lost);
  queue_.offer(frame);
  if (outgoing_.empty()) pump();
}

void ViewerSession::pump() {
  auto& totals = worker_.services().totals;
  while (true) {
    if (outgoing_.empty()) {
      // When the acknowledgement comes, or else with the next frame, we are here again.
      if (!queue_.ready() || net::unacknowledged_bytes(stream_->native_handle()) > 0) return;
      MissedList missed;
      auto frame = queue_.take(missed);
      totals.count_missed(missed);
      totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
      totals.bytes_sent.fetch_add(frame->payload().size(), std::memory_order_relaxed);
      outgoing_.start(std::move(frame));
    }
    switch (outgoing_.flush(*stream_)) {
      case net::IoStatus::Done:
        break;
      case net::IoStatus::WouldBlock:
        stream_->wait_writable();
        return;
      default:
        return end("connection lost");
    }
  }
}

void ViewerSession::on_writable() {
  if (!ended_) pump();
}

void ViewerSession::on_readable() {
  if (ended_) return;
  net::discard_acknowledgements(stream_->native_handle());
  // A viewer never says a word; what counts is whether it is still there.
  std::array<std::byte, 1024> ignored;
  const auto got = stream_->read(ignored);
  if (got.status == net::IoStatus::Closed) return end("viewer closed");
  if (got.status == net::IoStatus::Failed) return end("connection lost");
  stream_->wait_readable();
  pump();
}

std::size_t ViewerSession::under_way() const noexcept {
  return outgoing_.left() + net::unacknowledged_bytes(stream_->native_handle());
}

void ViewerSession::tick(MonotonicTime now) {
  if (ended_) return;
  if (!fanout_) join();
  if (ended_) return;
  const auto left = under_way();
  if (left == 0 || left != last_under_way_) last_progress_ = now;
  last_under_way_ = left;
  if (now - last_progress_ < kNoProgressDeadline) return;
  worker_.services().totals.slow_clients_cut.fetch_add(1);
  end("took nothing for 10 s");
}

}  // namespace lenswire::server::ethersense
