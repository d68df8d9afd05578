#include "server/connection_table.hpp"

#include <utility>

namespace lenswire::server {

ConnectionTable::Admission ConnectionTable::admit(const net::Address& peer) {
  Admission admission;
  const bool loopback = peer.is_loopback();
  base::MutexLock lock(mutex_);
  if (total_ >= limits_.total) return admission;
  if (!loopback) {
    if (unauthenticated_ >= limits_.unauthenticated) return admission;
    auto& count = by_address_[peer.host];
    if (count >= limits_.per_address) return admission;
    ++count;
    ++unauthenticated_;
  }
  ++total_;
  admission.table_ = this;
  admission.host_ = loopback ? std::string() : peer.host;
  admission.loopback_ = loopback;
  admission.authenticated_ = loopback;
  return admission;
}

std::size_t ConnectionTable::total() const {
  base::MutexLock lock(mutex_);
  return total_;
}

ConnectionTable::Admission& ConnectionTable::Admission::operator=(Admission&& other) noexcept {
  if (this != &other) {
    reset();
    table_ = std::exchange(other.table_, nullptr);
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
