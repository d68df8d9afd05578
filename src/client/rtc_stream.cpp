#include "client/rtc_stream.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/module.hpp"
#include "base/mutex.hpp"
#include "client/http_post.hpp"
#include "client/transport.hpp"
#include "net/rtc_servers.hpp"

namespace lenswire::client {
namespace {

constexpr const char* kChannel = "lenswire";
// Far more than what the protocol's windows let come unasked.
constexpr std::size_t kMaxWaitingBytes = std::size_t{64} << 20;

class RtcStream final : public net::ClientStream, private net::RtcListener {
 public:
  explicit RtcStream(base::StopToken stop)
      : stop_(std::move(stop)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  Result<void> connect(const base::LenswireUrl& url, const ClientSettings& settings,
                       MonotonicTime deadline) {
    if (url.camera.empty())
      return fail(ErrorCode::InvalidArgument,
                  "a data channel is one of a camera: write rtc://host[:port]/camera");
    const auto stack = base::load_module<net::RtcStack>("webrtc");
    if (!stack) return fail(stack.error());
    auto peer_settings = net::rtc_peer_settings(settings.rtc);
    if (!peer_settings) return fail(std::move(peer_settings).error());
    auto peer = (*stack)->make_peer(std::move(*peer_settings), *this);
    if (!peer) return fail(std::move(peer).error());
    peer_ = std::move(*peer);
    net::RtcChannelSettings channel;
    channel.label = kChannel;
    if (auto ok = peer_->offer({channel}); !ok) return ok;
    if (auto ok = wait(deadline, &RtcStream::described); !ok) return ok;
    std::string offer;
    {
      base::MutexLock lock(mutex_);
      offer = *description_;
    }
    auto below = url;
    below.transport = base::Transport::Tcp;
    auto http = open_transport(below, settings, deadline, stop_);
    if (!http) return fail(std::move(http).error());
    const auto answer =
        post(**http, url, "/rtc/" + url.camera, "application/sdp", offer, settings, deadline);
    if (!answer) return fail(answer.error());
    if (auto ok = peer_->set_answer(*answer); !ok) return ok;
    return wait(deadline, &RtcStream::opened);
  }

  Result<std::size_t> receive(std::span<std::byte> into, std::size_t at_least,
                              MonotonicTime deadline) override {
    std::size_t filled = 0;
    while (true) {
      filled += take(into.subspan(filled));
      if (filled >= at_least) return filled;
      const auto woken = net::wait_for_socket(event_.get(), POLLIN, deadline, stop_);
      if (!woken) return fail(woken.error());
      if (!*woken) return filled;
      clear_event();
      // What came before the end is still taken.
      base::MutexLock lock(mutex_);
      if (messages_.empty() && end_) return fail(ErrorCode::Disconnected, end_->message);
    }
  }

  Result<void> send(std::span<const std::byte> bytes, MonotonicTime deadline) override {
    while (true) {
      const auto sent = channel_->send({&bytes, 1}, net::RtcPayload::Binary);
      if (sent) return {};
      if (sent.error().code != ErrorCode::Busy)
        return fail(ErrorCode::Disconnected, sent.error().message);
      const auto woken = net::wait_for_socket(event_.get(), POLLIN, deadline, stop_);
      if (!woken) return fail(woken.error());
      if (!*woken) return fail(ErrorCode::Timeout, "the server does not take what is sent to it");
      clear_event();
    }
  }

 private:
  [[nodiscard]] bool described() const LENSWIRE_REQUIRES(mutex_) {
    return description_.has_value();
  }
  [[nodiscard]] bool opened() const { return channel_ != nullptr; }

  Result<void> wait(MonotonicTime deadline, bool (RtcStream::*condition)() const) {
    while (true) {
      {
        base::MutexLock lock(mutex_);
        if (end_) return fail(*end_);
        if ((this->*condition)()) return {};
      }
      const auto woken = net::wait_for_socket(event_.get(), POLLIN, deadline, stop_);
      if (!woken) return fail(woken.error());
      if (!*woken) return fail(ErrorCode::Timeout, "the data channel does not open");
      clear_event();
    }
  }

  std::size_t take(std::span<std::byte> into) {
    base::MutexLock lock(mutex_);
    std::size_t filled = 0;
    while (filled < into.size() && !messages_.empty()) {
      const auto& front = messages_.front();
      const auto count = std::min(into.size() - filled, front.size() - taken_);
      std::copy_n(front.begin() + static_cast<std::ptrdiff_t>(taken_), count,
                  into.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += count;
      taken_ += count;
      if (taken_ < front.size()) break;
      waiting_bytes_ -= front.size();
      messages_.pop_front();
      taken_ = 0;
    }
    // The event was cleared with the message before: the next wait must see what is still to see.
    if (!messages_.empty() || end_) signal();
    return filled;
  }

  void signal() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
  }
  void clear_event() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  }

  void on_description(std::string sdp) override {
    base::MutexLock lock(mutex_);
    description_ = std::move(sdp);
    signal();
  }
  void on_open(std::shared_ptr<net::RtcChannel> channel) override {
    base::MutexLock lock(mutex_);
    if (!channel_) channel_ = std::move(channel);
    signal();
  }
  void on_message(net::RtcChannel&, std::span<const std::byte> bytes, net::RtcPayload) override {
    base::MutexLock lock(mutex_);
    if (waiting_bytes_ + bytes.size() > kMaxWaitingBytes) {
      if (!end_)
        end_ = Error{ErrorCode::InvalidArgument, "the server sends more than was asked for"};
    } else if (!bytes.empty()) {
      messages_.emplace_back(bytes.begin(), bytes.end());
      waiting_bytes_ += bytes.size();
    }
    signal();
  }
  void on_drained(net::RtcChannel&) override { signal(); }
  void on_channel_closed(net::RtcChannel&) override {
    on_end({ErrorCode::Disconnected, "the server closed the data channel"});
  }
  void on_end(const Error& why) override {
    base::MutexLock lock(mutex_);
    if (!end_) end_ = why;
    signal();
  }

  const base::StopToken stop_;
  const base::UniqueFd event_;
  base::Mutex mutex_;
  std::optional<std::string> description_ LENSWIRE_GUARDED_BY(mutex_);
  std::shared_ptr<net::RtcChannel> channel_;  // set once, before connect() returns
  std::optional<Error> end_ LENSWIRE_GUARDED_BY(mutex_);
  std::deque<std::vector<std::byte>> messages_ LENSWIRE_GUARDED_BY(mutex_);
  std::size_t taken_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_bytes_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<net::RtcPeer> peer_;  // last: it calls us until it is gone
};

}  // namespace

Result<std::unique_ptr<net::ClientStream>> open_rtc_stream(const base::LenswireUrl& url,
                                                           const ClientSettings& settings,
                                                           MonotonicTime deadline,
                                                           const base::StopToken& stop) {
  auto stream = std::make_unique<RtcStream>(stop);
  if (auto ok = stream->connect(url, settings, deadline); !ok) return fail(std::move(ok).error());
  return stream;
}

}  // namespace lenswire::client
