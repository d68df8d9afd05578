#include "modules/webrtc/stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/module.hpp"
#include "modules/webrtc/peer.hpp"
#include "modules/webrtc/sctp_engine.hpp"

namespace lenswire::webrtc {
namespace {

class Stack final : public net::RtcStack {
 public:
  Result<std::unique_ptr<net::RtcPeer>> make_peer(net::RtcPeerSettings settings,
                                                  net::RtcListener& listener) override {
    for (const auto& server : settings.turn)
      if (server.user.empty())
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("the TURN server {} needs a user", server.host));
    if (settings.relay_only && settings.turn.empty())
      return fail(ErrorCode::InvalidArgument, "relay_only needs a TURN server");
    auto identity = Identity::make();
    if (!identity) return fail(identity.error());
    SctpEngine::instance();
    return make_peer_handle(next_loop(), std::move(settings), std::move(*identity), listener);
  }

 private:
  GlibLoop& next_loop() {
    base::MutexLock lock(mutex_);
    if (loops_.empty()) {
      // Two, so that both ends of a connection in one program need not share a core.
      const auto count = std::clamp(std::thread::hardware_concurrency(), 2U, 4U);
      for (unsigned i = 0; i < count; ++i)
        loops_.push_back(std::make_unique<GlibLoop>(fmt::format("lw-rtc-{}", i)));
    }
    return *loops_[next_++ % loops_.size()];
  }

  base::Mutex mutex_;
  std::vector<std::unique_ptr<GlibLoop>> loops_ LENSWIRE_GUARDED_BY(mutex_);
  std::size_t next_ LENSWIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace

Result<std::unique_ptr<net::RtcStack>> make_stack() {
  return std::unique_ptr<net::RtcStack>(std::make_unique<Stack>());
}

}  // namespace lenswire::webrtc

LENSWIRE_MODULE(lenswire::net::RtcStack, lenswire::webrtc::make_stack)
