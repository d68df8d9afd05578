#include "server/connection_table.hpp"

#include <utility>

namespace lenswire::server {

ConnectionTable::Admission ConnectionTable::admit(const net::Address& peer) {
  Admission admission;
  const bool loopback = peer.is_loopback();
  admission.host_ = loopback ? std::string() : peer.host;
  admission.loopback_ = loopback;
  base::MutexLock lock(mutex_);
  admission.reached_ = limit_reached(admission);
  if (admission.reached_ != Limit::None) return admission;
  if (!loopback) {
    ++by_address_[peer.host];
    ++unauthenticated_;
  }
  ++total_;
  admission.table_ = this;
  admission.authenticated_ = loopback;
  return admission;
}

ConnectionTable::Limit ConnectionTable::limit_reached(const Admission& next) const {
  if (!next.loopback_) {
    const auto known = by_address_.find(next.host_);
    if (known != by_address_.end() && known->second >= limits_.per_address) return Limit::Address;
    if (unauthenticated_ >= limits_.unauthenticated) return Limit::Unauthenticated;
  }
  return total_ >= limits_.total ? Limit::Total : Limit::None;
}

bool ConnectionTable::Admission::stands_in_the_way_of(const Admission& refused) const noexcept {
  if (!table_) return false;
  switch (refused.reached_) {
    case Limit::None:
      return false;
    case Limit::Total:
      return true;
    case Limit::Address:
      return !loopback_ && host_ == refused.host_;
    case Limit::Unauthenticated:
      return !authenticated_;
  }
  return false;
}

std::size_t ConnectionTable::total() const {
  base::MutexLock lock(mutex_);
  return total_;
}

ConnectionTable::Admission& ConnectionTable::Admission::operator=(Admission&& other) noexcept {
  if (this != &other) {
    reset();
    table_ = std::exchange(other.table_, nullptr);
    reached_ = other.reached_;
    host_ = std::move(other.host_);
    loopback_ = other.loopback_;
    authenticated_ = other.authenticated_;
  }
  return *this;
}

void ConnectionTable::Admission::authenticated() noexcept {
  if (!table_ || authenticated_) return;
  authenticated_ = true;
  base::MutexLock lock(table_->mutex_);
  --table_->unauthenticated_;
}

void ConnectionTable::Admission::reset() noexcept {
  auto* table = std::exchange(table_, nullptr);
  if (!table) return;
  base::MutexLock lock(table->mutex_);
  --table->total_;
  if (!authenticated_) --table->unauthenticated_;
  if (loopback_) return;
  const auto found = table->by_address_.find(host_);
  if (found != table->by_address_.end() && --found->second == 0) table->by_address_.erase(found);
}

}  // namespace lenswire::server
