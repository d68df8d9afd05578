#include "server/rtc_desk.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/module.hpp"
#include "net/interfaces.hpp"

namespace lenswire::server {

std::vector<std::string> rtc_addresses(const net::Address& local) {
  // Browsers on this machine have no candidate on loopback, other programs may have no other.
  if (!local.is_loopback()) return {};
  std::vector<std::string> out{"127.0.0.1"};
  for (const auto& interface : net::ipv4_interfaces())
    for (const auto& address : interface.addresses)
      if (!address.is_loopback()) out.push_back(address.text());
  return out;
}

RtcDesk::Place& RtcDesk::Place::operator=(Place&& other) noexcept {
  std::swap(peers_, other.peers_);
  std::swap(id_, other.id_);
  return *this;
}

RtcDesk::Place::~Place() {
  if (!peers_) return;
  base::MutexLock lock(peers_->mutex);
  peers_->by_id.erase(id_);
}

Result<RtcDesk::Place> RtcDesk::admit(const net::Address& peer) {
  ++offers_;
  const auto refuse = [this](std::string why) {
    ++refused_;
    return fail(ErrorCode::Busy, std::move(why));
  };
  if (!rate_.admit(clock_.now())) return refuse("more than 10 offers in a second; try again");
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return refuse("no random numbers");
  base::MutexLock lock(peers_->mutex);
  auto& peers = peers_->by_id;
  if (peers.size() >= kMaxPeers)
    return refuse(fmt::format("{} data channel clients are connected already", kMaxPeers));
  const auto from_there = std::count_if(peers.begin(), peers.end(), [&](const auto& entry) {
    return entry.second.host == peer.host;
  });
  if (!peer.is_loopback() && static_cast<std::size_t>(from_there) >= kMaxPeersPerAddress)
    return refuse(fmt::format("{} data channel clients are connected from this address already",
                              kMaxPeersPerAddress));
  Place place;
  for (const auto byte : random) fmt::format_to(std::back_inserter(place.id_), "{:02x}", byte);
  peers.emplace(place.id_, Peer{peer.host, nullptr, {}});
  place.peers_ = peers_;
  return place;
}

void RtcDesk::Place::set_channel(std::weak_ptr<const net::RtcChannel> channel) {
  if (!peers_) return;
  base::MutexLock lock(peers_->mutex);
  const auto found = peers_->by_id.find(id_);
  if (found != peers_->by_id.end()) found->second.channel = std::move(channel);
}

void RtcDesk::set_end(const std::string& id, std::function<void()> end) {
  base::MutexLock lock(peers_->mutex);
  const auto found = peers_->by_id.find(id);
  if (found != peers_->by_id.end()) found->second.end = std::move(end);
}

bool RtcDesk::end(std::string_view id) {
  std::function<void()> end;
  {
    base::MutexLock lock(peers_->mutex);
    const auto found = peers_->by_id.find(id);
    if (found == peers_->by_id.end() || !found->second.end) return false;
    end = found->second.end;
  }
  end();
  return true;
}

void RtcDesk::with_stack(std::function<void(Result<net::RtcStack*>)> use) {
  // The loader keeps the outcome; its first call reads files, so not on an I/O thread.
  const auto load = [use, gate = gate_] {
    const auto stack = base::load_module<net::RtcStack>("webrtc");
    base::MutexLock lock(gate->mutex);
    if (gate->open) use(stack);
  };
  if (!loader_.submit(load))
    use(fail(ErrorCode::Busy, "the module webrtc is still being loaded; try again"));
}

void RtcDesk::stop() {
  loader_.stop();
  base::MutexLock lock(gate_->mutex);
  gate_->open = false;
}

std::size_t RtcDesk::peers() const {
  base::MutexLock lock(peers_->mutex);
  return peers_->by_id.size();
}

std::size_t RtcDesk::buffered_bytes() const {
  base::MutexLock lock(peers_->mutex);
  std::size_t sum = 0;
  for (const auto& [id, peer] : peers_->by_id)
    if (const auto channel = peer.channel.lock()) sum += channel->buffered_bytes();
  return sum;
}

}  // namespace lenswire::server
