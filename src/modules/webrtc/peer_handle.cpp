#include <future>

#include "modules/webrtc/peer.hpp"

namespace lenswire::webrtc {
namespace {

/// Checks what can be checked at once, and leaves the rest to the loop.
class PeerHandle final : public net::RtcPeer {
 public:
  PeerHandle(GlibLoop& loop, std::shared_ptr<PeerCore> core)
      : loop_(loop), core_(std::move(core)) {}

  ~PeerHandle() override {
    std::promise<void> done;
    loop_.post([core = std::move(core_), &done]() mutable {
      core->shut();
      core.reset();
      done.set_value();
    });
    done.get_future().wait();
  }

  Result<void> offer(std::vector<net::RtcChannelSettings> channels) override {
    if (channels.size() > kMaxChannels)
      return fail(ErrorCode::InvalidArgument, "more than 64 data channels");
    for (const auto& channel : channels)
      if (auto ok = check(channel); !ok) return ok;
    if (auto ok = advance(Phase::New, Phase::Offering); !ok) return ok;
    loop_.post([core = core_, channels = std::move(channels)] { core->offer(channels); });
    return {};
  }

  Result<void> set_answer(std::string_view text) override {
    auto session = wire::sdp::parse(text);
    if (!session) return fail(session.error());
    if (auto ok = advance(Phase::Offering, Phase::Described); !ok) return ok;
    loop_.post([core = core_, session = std::move(*session)] { core->set_answer(session); });
    return {};
  }

  Result<void> answer(std::string_view text) override {
    auto session = wire::sdp::parse(text);
    if (!session) return fail(session.error());
    if (auto ok = advance(Phase::New, Phase::Described); !ok) return ok;
    loop_.post([core = core_, session = std::move(*session)] { core->answer(session); });
    return {};
  }

  Result<void> add_candidate(std::string_view line) override {
    auto candidate = wire::sdp::parse_candidate(line);
    if (!candidate) return fail(candidate.error());
    if (!*candidate) return {};
    if (candidates_.fetch_add(1) >= wire::sdp::kMaxCandidates)
      return fail(ErrorCode::InvalidArgument, "more than 128 candidates");
    loop_.post([core = core_, candidate = **candidate] { core->add_candidate(candidate); });
    return {};
  }

  Result<void> open(net::RtcChannelSettings channel) override {
    if (auto ok = check(channel); !ok) return ok;
    loop_.post([core = core_, channel = std::move(channel)] { core->open(channel); });
    return {};
  }

  [[nodiscard]] net::RtcStatistics statistics() const override { return core_->statistics(); }

 private:
  enum class Phase : std::uint8_t { New, Offering, Described };

  static Result<void> check(const net::RtcChannelSettings& channel) {
    if (channel.label.size() > wire::dcep::kMaxLabelBytes ||
        channel.protocol.size() > wire::dcep::kMaxLabelBytes)
      return fail(ErrorCode::InvalidArgument, "a label or protocol of more than 1024 bytes");
    if (channel.max_retransmits && channel.max_lifetime_ms)
      return fail(ErrorCode::InvalidArgument,
                  "a data channel is limited by retransmits or by lifetime, not by both");
    return {};
  }

  Result<void> advance(Phase from, Phase to) {
    if (phase_.compare_exchange_strong(from, to)) return {};
    return fail(ErrorCode::InvalidArgument, "this peer has been described already");
  }

  GlibLoop& loop_;
  std::shared_ptr<PeerCore> core_;
  std::atomic<Phase> phase_{Phase::New};
  std::atomic<std::size_t> candidates_{0};
};

}  // namespace

std::unique_ptr<net::RtcPeer> make_peer_handle(GlibLoop& loop, net::RtcPeerSettings settings,
                                               std::shared_ptr<const Identity> identity,
                                               net::RtcListener& listener) {
  return std::make_unique<PeerHandle>(
      loop, std::make_shared<PeerCore>(loop, std::move(settings), std::move(identity), listener));
}

}  // namespace lenswire::webrtc
