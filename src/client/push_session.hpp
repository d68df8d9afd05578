// push_session.hpp - one sender connected to a PushListener.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/time.hpp>

#include "base/object_pool.hpp"
#include "client/push_listener.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "wire/mjpeg_push/push_reader.hpp"

namespace lenswire::client {

/// For the TLS handshake and the head together.
inline constexpr auto kPushHeadDeadline = std::chrono::seconds(10);
/// A sender that sends nothing for so long is gone.
inline constexpr auto kPushSilence = std::chrono::seconds(30);

class PushSession;

/// What a session asks of its listener.
class PushSessionOwner {
 public:
  virtual ~PushSessionOwner() = default;
  /// The receiver of this Stream-ID, which is taken from an older sender of the same one.
  /// Errors: NotFound (nobody wants it), Busy (another one is being received instead).
  virtual Result<std::shared_ptr<PushReceiver>> claim(PushSession& session,
                                                      const std::string& stream_id) = 0;
  /// Destroys the session, a moment later.
  virtual void retire(PushSession& session) = 0;
};

/// Threading: thread-bound to the listener's loop.
class PushSession final : private net::StreamListener {
 public:
  /// `tls` is null where the listener is plain.
  PushSession(PushSessionOwner& owner, std::unique_ptr<net::Stream> stream,
              std::shared_ptr<net::TlsServerContext> tls, PushTransport transport);
  ~PushSession() override;

  void begin();
  void tick(MonotonicTime now);
  /// Answers 200 and ends: the listener stops, or a newer sender has come.
  void dismiss();

  [[nodiscard]] const PushReceiver* receiver() const noexcept { return receiver_.get(); }
  [[nodiscard]] const std::string& stream_id() const noexcept { return stream_id_; }

 private:
  enum class State { Sniffing, Reading, Lingering };

  void on_readable() override;
  void on_writable() override { on_readable(); }
  bool sniff();
  void read();
  bool take(std::span<const std::byte> bytes);
  bool on_head();
  void on_picture();
  void reply(int status, std::string_view sentence);
  void finish(int status, std::string_view sentence);
  void linger();
  void let_go();
  void end();

  PushSessionOwner& owner_;
  std::unique_ptr<net::Stream> stream_;
  const std::shared_ptr<net::TlsServerContext> tls_;
  const PushTransport transport_;
  State state_ = State::Sniffing;
  wire::mjpeg_push::PushReader reader_;
  std::shared_ptr<PushReceiver> receiver_;
  std::string stream_id_;
  base::ObjectPool<std::vector<std::byte>> pool_{4};
  std::size_t lingered_bytes_ = 0;
  MonotonicTime last_progress_;
  bool ended_ = false;
};

}  // namespace lenswire::client
