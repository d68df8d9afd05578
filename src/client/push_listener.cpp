#include "client/push_listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "client/push_session.hpp"
#include "net/listener.hpp"

namespace lenswire::client {
namespace {

constexpr std::size_t kMostSenders = 64;
constexpr auto kTick = std::chrono::milliseconds(500);

// The listeners there are. Held while one opens or closes, so that nobody finds a port in between.
struct Registry {
  base::Mutex mutex;
  std::map<std::string, std::weak_ptr<PushListener>> listeners LENSWIRE_GUARDED_BY(mutex);
};

Registry& registry() {
  static Registry instance;
  return instance;
}

bool same(const PushListenerSettings& a, const PushListenerSettings& b) noexcept {
  return a.transport == b.transport && a.certificate_file == b.certificate_file &&
         a.key_file == b.key_file;
}

}  // namespace

std::optional<PushReceiver::Sender> PushReceiver::sender() const {
  base::MutexLock lock(mutex_);
  return sender_;
}

void PushReceiver::set_sender(std::optional<Sender> sender) {
  {
    base::MutexLock lock(mutex_);
    sender_ = std::move(sender);
  }
  pictures_.wake();
}

PushReceiver::Damage PushReceiver::damage() const {
  base::MutexLock lock(mutex_);
  return damage_;
}

void PushReceiver::note_damage(std::string reason) {
  base::MutexLock lock(mutex_);
  ++damage_.count;
  damage_.reason = std::move(reason);
}

class PushListener::Impl final : public PushSessionOwner {
 public:
  explicit Impl(PushListenerSettings s)
      : settings(std::move(s)), thread(fmt::format("lw-push-{}", settings.address.port)) {}

  Result<void> open() {
    if (settings.transport != PushTransport::Plain) {
      auto context =
          settings.certificate_file.empty() && settings.key_file.empty()
              ? net::TlsServerContext::self_signed()
              : net::TlsServerContext::load(settings.certificate_file, settings.key_file);
      if (!context) return fail(std::move(context).error());
      tls = std::move(*context);
    }
    auto opened = net::TcpListener::open(thread, settings.address);
    if (!opened) return fail(std::move(opened).error());
    listener = std::move(*opened);
    bound = listener->address();
    listener->start([this](base::UniqueFd socket) { accept(std::move(socket)); });
    thread.every(kTick, [this] { tick(); });
    thread.start();
    base::log_info("push_listening", {{"address", bound.text()}});
    if (!bound.is_loopback())
      base::log_warning("push_open_to_all",
                        {{"address", bound.text()},
                         {"meaning", "everybody who reaches this address may send pictures"}});
    return {};
  }

  void close() {
    std::promise<void> done;
    thread.post([this, &done] {
      listener.reset();
      for (const auto& session : std::exchange(sessions, {})) session->dismiss();
      graveyard.clear();
      done.set_value();
    });
    done.get_future().wait();
    thread.stop();
  }

  // The rest runs on the loop, where it does not say otherwise.

  void accept(base::UniqueFd socket) {
    if (sessions.size() >= kMostSenders && !make_room()) {
      base::log_warning("push_full", {{"address", bound.text()}, {"senders", sessions.size()}});
      return;
    }
    auto& session = *sessions.emplace_back(std::make_unique<PushSession>(
        *this, net::make_tcp_stream(thread, socket.release(), {}), tls, settings.transport));
    session.begin();
  }

  // Whoever has not said for longest what it wants must not keep out those who do.
  bool make_room() {
    const auto found = std::find_if(sessions.begin(), sessions.end(),
                                    [](const auto& session) { return !session->receiver(); });
    if (found == sessions.end()) return false;
    (*found)->dismiss();
    return true;
  }

  Result<std::shared_ptr<PushReceiver>> claim(PushSession& session,
                                              const std::string& stream_id) override {
    const auto receiver = find(stream_id);
    if (!receiver)
      return fail(ErrorCode::NotFound,
                  fmt::format("nobody here wants the Stream-ID '{}'", stream_id));
    const auto holder = std::find_if(sessions.begin(), sessions.end(), [&](const auto& other) {
      return other.get() != &session && other->receiver() == receiver.get();
    });
    if (holder == sessions.end()) return receiver;
    if ((*holder)->stream_id() != stream_id)
      return fail(ErrorCode::Busy,
                  fmt::format("'{}' is being received here already", (*holder)->stream_id()));
    (*holder)->dismiss();
    return receiver;
  }

  void retire(PushSession& session) override {
    const auto found = std::find_if(sessions.begin(), sessions.end(),
                                    [&](const auto& other) { return other.get() == &session; });
    if (found == sessions.end()) return;
    graveyard.push_back(std::move(*found));
    sessions.erase(found);
    thread.post([this] { graveyard.clear(); });
  }

  void tick() {
    const auto now = base::system_clock().now();
    // Indices from behind: a session that ends takes itself out.
    for (auto i = sessions.size(); i > 0; --i)
      if (i <= sessions.size()) sessions[i - 1]->tick(now);
  }

  // Thread-safe, as the next.
  Result<void> add(std::shared_ptr<PushReceiver> receiver) {
    base::MutexLock lock(mutex);
    for (const auto& other : receivers)
      if (other->stream_id() == receiver->stream_id())
        return fail(ErrorCode::Busy,
                    receiver->stream_id().empty()
                        ? fmt::format("two cameras take any Stream-ID on {}; give one of them "
                                      "?stream-id=",
                                      bound.text())
                        : fmt::format("two cameras take the Stream-ID '{}' on {}",
                                      receiver->stream_id(), bound.text()));
    receivers.push_back(std::move(receiver));
    return {};
  }

  std::shared_ptr<PushReceiver> find(const std::string& stream_id) {
    base::MutexLock lock(mutex);
    std::shared_ptr<PushReceiver> any;
    for (const auto& receiver : receivers) {
      if (receiver->stream_id() == stream_id) return receiver;
      if (receiver->stream_id().empty()) any = receiver;
    }
    return any;
  }

  const PushListenerSettings settings;
  std::shared_ptr<net::TlsServerContext> tls;
  net::Address bound;
  base::Mutex mutex;
  std::vector<std::shared_ptr<PushReceiver>> receivers LENSWIRE_GUARDED_BY(mutex);
  net::IoThread thread;
  std::unique_ptr<net::TcpListener> listener;
  std::vector<std::unique_ptr<PushSession>> sessions;
  std::vector<std::unique_ptr<PushSession>> graveyard;
};

Result<std::shared_ptr<PushListener>> PushListener::share(const PushListenerSettings& settings,
                                                          std::shared_ptr<PushReceiver> receiver) {
  // Outlives the lock, which its end would take.
  std::shared_ptr<PushListener> listener;
  auto& all = registry();
  base::MutexLock lock(all.mutex);
  const auto key = settings.address.text();
  if (settings.address.port != 0) {
    listener = all.listeners[key].lock();
    if (listener && !same(listener->impl_->settings, settings))
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("push-listen:{} is open already with another tls=, cert= or key=; "
                              "give all of them the same",
                              key));
    if (listener) {
      if (auto added = listener->impl_->add(std::move(receiver)); !added)
        return fail(std::move(added).error());
      return listener;
    }
  }
  auto impl = std::make_shared<Impl>(settings);
  if (auto added = impl->add(std::move(receiver)); !added) return fail(std::move(added).error());
  if (auto opened = impl->open(); !opened) return fail(std::move(opened).error());
  listener.reset(new PushListener(std::move(impl)));
  if (settings.address.port != 0) all.listeners[key] = listener;
  return listener;
}

PushListener::~PushListener() {
  base::MutexLock lock(registry().mutex);
  impl_->close();
}

void PushListener::remove(const PushReceiver& receiver) {
  {
    base::MutexLock lock(impl_->mutex);
    std::erase_if(impl_->receivers, [&](const auto& other) { return other.get() == &receiver; });
  }
  // Shared with the task, which may come when the receiver's owner has gone.
  impl_->thread.post([impl = impl_.get(), gone = &receiver] {
    for (const auto& session : impl->sessions)
      if (session->receiver() == gone) return session->dismiss();
  });
}

net::Address PushListener::address() const { return impl_->bound; }

}  // namespace lenswire::client
