#include "server/worker.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "server/reception.hpp"
#include "server/services.hpp"

namespace lenswire::server {
namespace {

constexpr auto kTick = std::chrono::milliseconds(500);

}  // namespace

Worker::Worker(std::string name, Services& services)
    : services_(services), thread_(std::move(name)) {
  thread_.every(kTick, [this] { tick(); });
  thread_.start();
}

Worker::~Worker() { stop(); }

MonotonicTime Worker::now() const noexcept { return services_.clock.now(); }

void Worker::adopt(base::UniqueFd socket, Reception& reception) {
  // std::function copies, so the descriptor travels in a shared pointer.
  auto shared = std::make_shared<base::UniqueFd>(std::move(socket));
  thread_.post([this, shared, &reception] {
    auto stream = net::make_tcp_stream(thread_, shared->release(), reception.socket_settings());
    auto admission = services_.connections.admit(stream->peer());
    if (!admission && make_room_for(admission))
      admission = services_.connections.admit(stream->peer());
    if (!admission) {
      services_.totals.rejected.fetch_add(1);
      reception.refuse(*stream);
      return;
    }
    services_.totals.connections.fetch_add(1);
    if (auto session = reception.greet(*this, std::move(stream), std::move(admission)))
      add(std::move(session));
  });
}

SessionId Worker::add(std::unique_ptr<Session> session) {
  const auto id = ++last_id_;
  auto& added = *sessions_.emplace(id, std::move(session)).first->second;
  added.begin(id);
  return id;
}

void Worker::retire(SessionId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  graveyard_.push_back(std::move(found->second));
  sessions_.erase(found);
  if (std::exchange(burial_posted_, true)) return;
  thread_.post([this] { bury(); });
}

void Worker::bury() {
  burial_posted_ = false;
  graveyard_.clear();
  drop_empty_fanouts();
}

void Worker::drop_empty_fanouts() {
  std::erase_if(fanouts_, [](const auto& fanout) { return fanout->empty(); });
}

bool Worker::make_room_for(const ConnectionTable::Admission& refused) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    const auto* idle = entry.second->idle();
    return idle && idle->stands_in_the_way_of(refused);
  });
  if (found == sessions_.end()) return false;
  sessions_.erase(found);
  return true;
}

void Worker::with_session(SessionId id, std::function<void(Session&)> task) {
  thread_.post([this, id, task = std::move(task)] {
    if (const auto found = sessions_.find(id); found != sessions_.end()) task(*found->second);
  });
}

void Worker::with_all(std::function<void(Session&)> task) {
  thread_.post([this, task = std::move(task)] {
    std::vector<SessionId> ids;
    for (const auto& [id, session] : sessions_) ids.push_back(id);
    for (const auto id : ids)
      if (const auto found = sessions_.find(id); found != sessions_.end()) task(*found->second);
  });
}

LoopFanout& Worker::fanout(hub::StreamHub& stream, const hub::Wish& wish) {
  for (const auto& fanout : fanouts_)
    if (&fanout->stream() == &stream && fanout->wish() == wish) return *fanout;
  return *fanouts_.emplace_back(std::make_unique<LoopFanout>(thread_, stream, wish));
}

void Worker::tick() {
  const auto time = now();
  std::vector<SessionId> ids;
  ids.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  for (const auto id : ids)
    if (const auto found = sessions_.find(id); found != sessions_.end()) found->second->tick(time);
  drop_empty_fanouts();
}

void Worker::stop() {
  if (std::exchange(stopped_, true)) return;
  std::promise<void> done;
  thread_.post([this, &done] {
    // A session may retire() while it says goodbye or dies: it must not meet a table in pieces.
    auto leaving = std::exchange(sessions_, {});
    for (const auto& [id, session] : leaving) session->farewell();
    leaving.clear();
    graveyard_.clear();
    fanouts_.clear();
    done.set_value();
  });
  done.get_future().wait();
  thread_.stop();
}

}  // namespace lenswire::server
