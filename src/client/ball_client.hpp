// ball_client.hpp - the client half of the ball bench.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "base/stop_token.hpp"
#include "filter/ball_finder.hpp"
#include "net/rtc.hpp"

namespace lenswire::client {

struct BallClientSettings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  Nanoseconds connect_timeout = std::chrono::seconds(10);
  Nanoseconds retry_first = std::chrono::milliseconds(250);
  Nanoseconds retry_max = std::chrono::seconds(5);
  net::RtcPeerSettings peer;
};

/// One received picture.
struct BallSighting {
  std::uint64_t frame = 0;  ///< since the connection was made
  std::optional<filter::FoundBall> ball;
  Nanoseconds received_to_estimate{};
  std::uint64_t dropped = 0;  ///< pictures so far that the detector was too slow for
};

/// Who hears of a ball client's life; called by the thread inside run().
class BallObserver {
 public:
  virtual ~BallObserver() = default;
  /// False ends run().
  virtual bool saw(const BallSighting& sighting) = 0;
  virtual void connected() = 0;
  /// `retry_in`: when it is tried again.
  virtual void disconnected(const Error& why, Nanoseconds retry_in) = 0;
};

/// Connects to a ball server, answers its offer, finds the ball in each picture and sends the
/// centre back. Waits for a server that is not there, comes back to one that went away, for ever;
/// says bye when it leaves. Estimates keep the order of the frames.
///
/// Threading: thread-bound.
class BallClient {
 public:
  BallClient(BallClientSettings settings, net::RtcStack& stack, filter::BallFinder& finder)
      : settings_(std::move(settings)), stack_(stack), finder_(finder) {}

  /// Until the stop (Closed), or until the observer has seen enough.
  Result<void> run(BallObserver& observer, const base::StopToken& stop);

 private:
  const BallClientSettings settings_;
  net::RtcStack& stack_;
  filter::BallFinder& finder_;
};

}  // namespace lenswire::client
