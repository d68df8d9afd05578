// ball_session.hpp - one peer of the ball door: its signalling, its data channel, its estimates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "hub/delivery_queue.hpp"
#include "net/rtc.hpp"
#include "server/connection_table.hpp"
#include "server/doors/ball/ball_packing.hpp"
#include "server/doors/ball/estimate_pairing.hpp"
#include "server/doors/ball/score_board.hpp"
#include "server/loop_fanout.hpp"
#include "server/outgoing.hpp"
#include "server/session.hpp"
#include "wire/ball/signal.hpp"

namespace lenswire::server {
class Camera;
class Worker;
}  // namespace lenswire::server

namespace lenswire::server::ball {

/// What all sessions of a door share; outlives them.
struct BallShared {
  Camera& camera;
  net::RtcStack& stack;
  std::string stream;  ///< empty: the camera's first colour stream
  BallPacking packing;
  double rate_hz = 20;
  double plausible_px = 40;
  ScoreBoard board;
};

inline constexpr std::size_t kMaxPeers = 64;

/// What the module's thread has for the session's: a few places, so that no peer can fill memory.
///
/// Threading: thread-safe.
class RtcInbox final : public net::RtcListener {
 public:
  explicit RtcInbox(net::IoThread& thread, const base::Clock& clock, std::function<void()> arrived)
      : clock_(clock), wakeup_(thread, std::move(arrived)) {}

  struct Arrival {
    Estimate estimate;
    MonotonicTime at{};
  };
  struct Contents {
    std::optional<std::string> description;
    std::shared_ptr<net::RtcChannel> channel;
    std::optional<Error> end;
    std::array<Arrival, 64> estimates;
    std::size_t estimate_count = 0;
    std::uint64_t broken = 0;  ///< messages that were no estimate, or too many
  };
  /// What has come since the last call.
  void take(Contents& into);

  void on_description(std::string sdp) override;
  void on_open(std::shared_ptr<net::RtcChannel> channel) override;
  void on_message(net::RtcChannel& channel, std::span<const std::byte> bytes,
                  net::RtcPayload payload) override;
  void on_drained(net::RtcChannel& channel) override;
  void on_channel_closed(net::RtcChannel& channel) override;
  void on_end(const Error& why) override;

 private:
  const base::Clock& clock_;
  base::Mutex mutex_;
  Contents contents_ LENSWIRE_GUARDED_BY(mutex_);
  net::IoThread::Wakeup wakeup_;
};

/// Offers at once, keeps the TCP connection open while the data channel lives, says bye before it
/// closes. A frame goes only when the channel has room; until then a newer one takes its place.
///
/// Threading: thread-bound to its worker.
class BallSession final : public Session, private net::StreamListener, private FrameReceiver {
 public:
  BallSession(Worker& worker, std::unique_ptr<net::Stream> stream,
              ConnectionTable::Admission admission, BallShared& shared);
  ~BallSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;
  void farewell() override;
  [[nodiscard]] const ConnectionTable::Admission* idle() const noexcept override {
    return answered_ ? nullptr : &admission_;
  }

 private:
  void on_readable() override;
  void on_writable() override;
  void on_arrival();
  void on_signal(const wire::ball::Signal& signal);
  void send(const wire::ball::Signal& signal);
  void flush();

  void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) override;
  void ended(const Error& reason) override;
  [[nodiscard]] bool wants_every_frame() const noexcept override { return false; }
  void join();
  void pump();
  void score(const RtcInbox::Arrival& arrival);

  void say_bye() noexcept;
  void end(std::string_view reason);

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  BallShared& shared_;
  ScoreBoard::Seat seat_;
  wire::ball::SignalReader reader_;
  std::string unsent_;
  bool signalling_open_ = true;
  bool answered_ = false;
  MonotonicTime began_;

  RtcInbox inbox_;
  RtcInbox::Contents arrived_;
  std::shared_ptr<net::RtcChannel> channel_;
  LoopFanout* fanout_ = nullptr;
  hub::DeliveryQueue queue_;
  EstimatePairing pairing_;
  std::size_t last_buffered_ = 0;
  MonotonicTime last_progress_;
  SessionId id_ = 0;
  bool ended_ = false;
  std::unique_ptr<net::RtcPeer> peer_;  // last: it calls the inbox until it is gone
};

}  // namespace lenswire::server::ball
