// rtc_port.hpp - native messages over a WebRTC data channel.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "net/io_thread.hpp"
#include "net/rtc.hpp"
#include "server/message_port.hpp"
#include "server/rtc_desk.hpp"

namespace lenswire::server {

/// What may wait for a client before its frames are left out.
inline constexpr std::size_t kRtcBufferedBytes = 1 << 20;
/// What a client may send before it is heard.
inline constexpr std::size_t kRtcInboxBytes = 1 << 20;
/// The longest piece of a native message for a client that does not take it whole.
inline constexpr std::size_t kRtcPieceBytes = 64 << 10;
/// A client that takes no more than less than this at once is refused: every piece costs memory.
inline constexpr std::size_t kRtcLeastPieceBytes = 1 << 10;

/// The answering end of a connection. Its first reliable, ordered channel carries the native
/// protocol as a stream of bytes: a message goes whole, or in pieces of up to kRtcPieceBytes where
/// it is longer than the client announces to take, or than our own end carries. Other channels are
/// closed.
///
/// Threading: as MessagePort; the listener's part comes from the module's threads.
class RtcPort final : public MessagePort, private net::RtcListener {
 public:
  /// On the loop, once: our description, or why there is none.
  using Described = std::function<void(Result<std::string>)>;

  /// Errors: InvalidArgument for an offer that is none.
  static Result<std::unique_ptr<RtcPort>> answer(net::RtcStack& stack, net::IoThread& thread,
                                                 net::RtcPeerSettings settings,
                                                 std::string_view offer, const net::Address& peer,
                                                 RtcDesk::Place place, Described described);
  ~RtcPort() override;

  /// Once, before begin(). Both outlive the port.
  void attach(Outgoing& outgoing, MessagePortListener& listener) noexcept;

  void begin() override {}
  bool send() override;
  [[nodiscard]] bool ready() const noexcept override;
  [[nodiscard]] bool established() const noexcept override { return channel_ != nullptr; }
  [[nodiscard]] bool blocked() const noexcept override;
  [[nodiscard]] const net::Address& peer() const noexcept override { return peer_address_; }
  [[nodiscard]] bool is_encrypted() const noexcept override { return true; }
  void close(bool politely) noexcept override;

 private:
  RtcPort(net::IoThread& thread, const net::Address& peer, RtcDesk::Place place,
          std::size_t max_message_bytes, Described described);
  void on_description(std::string sdp) override;
  void on_open(std::shared_ptr<net::RtcChannel> channel) override;
  void on_message(net::RtcChannel& channel, std::span<const std::byte> bytes,
                  net::RtcPayload payload) override;
  void on_drained(net::RtcChannel& channel) override;
  void on_channel_closed(net::RtcChannel& channel) override;
  void on_end(const Error& why) override;
  void look();

  // What has happened on the module's threads since the loop looked.
  struct News {
    std::optional<std::string> description;
    std::shared_ptr<net::RtcChannel> channel;
    std::vector<std::byte> bytes;
    bool drained = false;
    std::optional<Error> end;
  };

  const net::Address peer_address_;
  const std::size_t max_message_bytes_;
  RtcDesk::Place place_;
  Described described_;
  Outgoing* outgoing_ = nullptr;
  MessagePortListener* listener_ = nullptr;
  std::shared_ptr<net::RtcChannel> channel_;
  base::Mutex mutex_;
  News news_ LENSWIRE_GUARDED_BY(mutex_);
  std::shared_ptr<net::RtcChannel> first_ LENSWIRE_GUARDED_BY(mutex_);
  net::IoThread::Wakeup wakeup_;
  std::unique_ptr<net::RtcPeer> peer_;  // the last: its end comes first, and it calls until then
};

}  // namespace lenswire::server
