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
  std::swap(desk_, other.desk_);
  std::swap(id_, other.id_);
  return *this;
}

RtcDesk::Place::~Place() {
  if (desk_ != nullptr) desk_->leave(id_);
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
  base::MutexLock lock(mutex_);
  if (peers_.size() >= kMaxPeers)
    return refuse(fmt::format("{} data channel clients are connected already", kMaxPeers));
  const auto from_there = std::count_if(peers_.begin(), peers_.end(), [&](const auto& entry) {
    return entry.second.host == peer.host;
  });
  if (!peer.is_loopback() && static_cast<std::size_t>(from_there) >= kMaxPeersPerAddress)
    return refuse(fmt::format("{} data channel clients are connected from this address already",
                              kMaxPeersPerAddress));
  Place place;
  place.desk_ = this;
  for (const auto byte : random) fmt::format_to(std::back_inserter(place.id_), "{:02x}", byte);
  peers_.emplace(place.id_, Peer{peer.host, nullptr, {}});
  return place;
}

void RtcDesk::set_channel(const std::string& id, std::weak_ptr<const net::RtcChannel> channel) {
  base::MutexLock lock(mutex_);
  if (const auto found = peers_.find(id); found != peers_.end())
    found->second.channel = std::move(channel);
}

void RtcDesk::set_end(const std::string& id, std::function<void()> end) {
  base::MutexLock lock(mutex_);
  if (const auto found = peers_.find(id); found != peers_.end()) found->second.end = std::move(end);
}

bool RtcDesk::end(std::string_view id) {
  std::function<void()> end;
  {
    base::MutexLock lock(mutex_);
    const auto found = peers_.find(id);
    if (found == peers_.end() || !found->second.end) return false;
    end = found->second.end;
  }
  end();
  return true;
}

void RtcDesk::leave(const std::string& id) noexcept {
  base::MutexLock lock(mutex_);
  peers_.erase(id);
}

void RtcDesk::with_stack(std::function<void(Result<net::RtcStack*>)> use) {
  // The loader keeps the outcome; its first call reads files, so not on an I/O thread.
  if (!loader_.submit([use] { use(base::load_module<net::RtcStack>("webrtc")); }))
    use(fail(ErrorCode::Busy, "the module webrtc is still being loaded; try again"));
}

std::size_t RtcDesk::peers() const {
  base::MutexLock lock(mutex_);
  return peers_.size();
}

std::size_t RtcDesk::buffered_bytes() const {
  base::MutexLock lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [id, peer] : peers_)
    if (const auto channel = peer.channel.lock()) sum += channel->buffered_bytes();
  return sum;
}

}  // namespace lenswire::server
