// sctp.hpp - SCTP by libusrsctp, over packets that somebody else carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lenswire/result.hpp>

#include "modules/webrtc/glib_loop.hpp"

struct socket;

namespace lenswire::webrtc {

/// All calls on the association's loop.
class SctpListener {
 public:
  virtual ~SctpListener() = default;
  virtual void on_sctp_send(std::span<const std::byte> packet) = 0;
  virtual void on_sctp_connected() = 0;
  virtual void on_sctp_message(std::uint16_t stream, std::uint32_t ppid,
                               std::span<const std::byte> message) = 0;
  /// A message grew past the bound; what is left of it is dropped.
  virtual void on_sctp_overlong(std::uint16_t stream) = 0;
  /// The peer sends no more on this stream (RFC 6525).
  virtual void on_sctp_reset(std::uint16_t stream) = 0;
  /// There is room to send again.
  virtual void on_sctp_writable() = 0;
  virtual void on_sctp_ended(const std::string& why) = 0;
};

struct SctpSettings {
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;
  std::size_t max_message_bytes = 0;
};

/// How a message may be lost or overtaken. Ordered and certain unless it says otherwise.
struct SctpDelivery {
  enum class Limit : std::uint8_t { None, Retransmits, Lifetime };
  bool ordered = true;
  Limit limit = Limit::None;
  std::uint32_t value = 0;
};

/// One association. libusrsctp knows it by a number: its callbacks may come from its timers when
/// the object is long gone.
///
/// Threading: thread-bound to its loop. The listener outlives it up to close().
class SctpAssociation : public std::enable_shared_from_this<SctpAssociation> {
 public:
  /// Streams that either side may have; each costs memory from the start, so not all 65535.
  static constexpr std::uint16_t kStreams = 1024;
  /// What SCTP itself holds of messages to send.
  static constexpr int kSendBufferBytes = 1 << 20;

  /// Errors: Unsupported, with what libusrsctp refused.
  static Result<std::shared_ptr<SctpAssociation>> make(GlibLoop& loop, const SctpSettings& settings,
                                                       SctpListener& listener);
  ~SctpAssociation();

  /// Sends INIT; the peer may do the same at the same time.
  Result<void> connect();
  void receive(std::span<const std::byte> packet);

  /// Gives the next piece of a message to SCTP; `last` ends it. All pieces of one message must go
  /// before the next message begins. Returns how many bytes were taken: 0 when there is no room.
  /// Errors: Closed.
  Result<std::size_t> send(std::uint16_t stream, std::uint32_t ppid, const SctpDelivery& delivery,
                           std::span<const std::byte> piece, bool last);
  /// Ends our direction of a stream. False when it cannot be now: again at the next tick.
  bool reset(std::uint16_t stream);
  /// Sends ABORT and forgets all. No call of the listener but on_sctp_send(), during it.
  void close();

  /// For libusrsctp's callbacks, from whichever thread: a packet to be sent.
  void output(std::span<const std::byte> packet);

 private:
  struct Callbacks;
  SctpAssociation(GlibLoop& loop, const SctpSettings& settings, SctpListener& listener);
  Result<void> open();
  void input(std::span<const std::byte> piece, std::uint16_t stream, std::uint32_t ppid,
             bool ordered, bool end);
  void notified(std::span<const std::byte> notification);
  void has_room();
  void end(const std::string& why);

  struct Partial {
    std::vector<std::byte> bytes;
    bool dropping = false;
  };

  GlibLoop& loop_;
  const SctpSettings settings_;
  SctpListener& listener_;
  std::uintptr_t id_ = 0;
  struct socket* socket_ = nullptr;
  bool ended_ = false;
  bool receiving_ = false;
  bool room_ = false;  // has_room() during receive()
  std::map<std::pair<std::uint16_t, bool>, Partial> partials_;
};

}  // namespace lenswire::webrtc
