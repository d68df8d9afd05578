// peer.hpp - one WebRTC connection: ICE, DTLS and SCTP, one on the other.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/mutex.hpp"
#include "modules/webrtc/certificate.hpp"
#include "modules/webrtc/channel.hpp"
#include "modules/webrtc/dtls.hpp"
#include "modules/webrtc/glib_loop.hpp"
#include "modules/webrtc/ice_agent.hpp"
#include "modules/webrtc/sctp.hpp"
#include "net/rtc.hpp"
#include "wire/dcep/message.hpp"
#include "wire/sdp/session.hpp"

namespace lenswire::webrtc {

inline constexpr std::size_t kMaxChannels = 64;

/// What an RtcPeer is made of. Lives on one loop and is shared with the tasks posted there.
///
/// Threading: thread-bound to the loop, but for bytes_sent and the like.
class PeerCore final : public std::enable_shared_from_this<PeerCore>,
                       private IceListener,
                       private DtlsListener,
                       private SctpListener,
                       private GlibLoop::Ticker {
 public:
  PeerCore(GlibLoop& loop, net::RtcPeerSettings settings, std::shared_ptr<const Identity> identity,
           net::RtcListener& listener);
  ~PeerCore() override;

  void offer(std::vector<net::RtcChannelSettings> channels);
  void set_answer(wire::sdp::DataSession remote);
  void answer(wire::sdp::DataSession remote);
  void add_candidate(const wire::sdp::Candidate& candidate);
  void open(net::RtcChannelSettings channel);
  /// Ends it without a word to the listener.
  void shut();

  /// Thread-safe.
  [[nodiscard]] net::RtcStatistics statistics() const;

 private:
  using Clock = std::chrono::steady_clock;

  void on_gathered() override;
  void on_ice_connected() override;
  void on_ice_failed(const std::string& why) override;
  void on_datagram(std::span<const std::byte> bytes) override;
  void on_dtls_send(std::span<const std::byte> datagram) override;
  void on_dtls_connected() override;
  void on_dtls_data(std::span<const std::byte> bytes) override;
  void on_dtls_ended(const std::string& why) override;
  void on_sctp_send(std::span<const std::byte> packet) override;
  void on_sctp_connected() override;
  void on_sctp_message(std::uint16_t stream, std::uint32_t ppid,
                       std::span<const std::byte> message) override;
  void on_sctp_overlong(std::uint16_t stream) override;
  void on_sctp_reset(std::uint16_t stream) override;
  void on_sctp_writable() override { pump(); }
  void on_sctp_ended(const std::string& why) override;
  void tick() override;

  void gather(bool controlling);
  void start_dtls();
  void on_control_message(std::uint16_t stream, std::span<const std::byte> message);
  void on_open_request(std::uint16_t stream, const wire::dcep::Open& request);
  std::shared_ptr<Channel> add_channel(std::uint16_t stream, net::RtcChannelSettings settings);
  void open_pending();
  void send_control(std::uint16_t stream, std::vector<std::byte> message);
  void opened(const std::shared_ptr<Channel>& channel);
  void reset_stream(std::uint16_t stream);
  void forget(std::uint16_t stream);
  void pump();
  void end(ErrorCode code, const std::string& why);
  void tear_down();

  GlibLoop& loop_;
  const net::RtcPeerSettings settings_;
  const std::shared_ptr<const Identity> identity_;
  net::RtcListener* listener_;
  std::shared_ptr<Outbox> outbox_;
  std::unique_ptr<IceAgent> ice_;
  std::unique_ptr<DtlsTransport> dtls_;
  std::shared_ptr<SctpAssociation> sctp_;

  bool offering_ = false;
  bool described_ = false;  // our description is out
  bool connected_ = false;
  bool ended_ = false;
  bool pumping_ = false;
  DtlsRole role_ = DtlsRole::Client;
  wire::sdp::DataSession local_;
  std::optional<wire::sdp::DataSession> remote_;
  std::optional<Clock::time_point> gather_deadline_;
  std::optional<Clock::time_point> connect_deadline_;
  Clock::time_point last_received_{};
  std::vector<net::RtcChannelSettings> pending_channels_;
  std::map<std::uint16_t, std::shared_ptr<Channel>> channels_;
  std::set<std::uint16_t> pending_resets_;
  std::deque<OutMessage> sending_;

  std::atomic<std::uint64_t> bytes_sent_{0};
  std::atomic<std::uint64_t> bytes_received_{0};
  mutable base::Mutex statistics_mutex_;
  std::string local_candidate_ LENSWIRE_GUARDED_BY(statistics_mutex_);
  std::string remote_candidate_ LENSWIRE_GUARDED_BY(statistics_mutex_);
};

/// What the module hands out: forwards to the core's loop, and waits there at its end.
std::unique_ptr<net::RtcPeer> make_peer_handle(GlibLoop& loop, net::RtcPeerSettings settings,
                                               std::shared_ptr<const Identity> identity,
                                               net::RtcListener& listener);

}  // namespace lenswire::webrtc
