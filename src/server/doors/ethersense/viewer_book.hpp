// viewer_book.hpp - who is connected or being called, so that no viewer gets two connections.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "base/mutex.hpp"
#include "net/interfaces.hpp"

namespace lenswire::server::ethersense {

/// An original viewer listens on one fixed port, so its address names it.
///
/// Threading: thread-safe; outlives its seats.
class ViewerBook {
 public:
  /// The viewer is in the book while this lives.
  class Seat {
   public:
    Seat(Seat&& other) noexcept
        : book_(std::exchange(other.book_, nullptr)), viewer_(other.viewer_) {}
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (book_) book_->leave(viewer_);
    }
    [[nodiscard]] net::Ipv4 viewer() const noexcept { return viewer_; }

   private:
    friend class ViewerBook;
    Seat(ViewerBook& book, net::Ipv4 viewer) : book_(&book), viewer_(viewer) {}
    ViewerBook* book_;
    net::Ipv4 viewer_;
  };

  /// Nothing for a viewer who is in it already.
  [[nodiscard]] std::optional<Seat> enter(net::Ipv4 viewer) {
    base::MutexLock lock(mutex_);
    if (!viewers_.insert(viewer).second) return std::nullopt;
    return Seat(*this, viewer);
  }
  [[nodiscard]] bool contains(net::Ipv4 viewer) const {
    base::MutexLock lock(mutex_);
    return viewers_.contains(viewer);
  }

 private:
  void leave(net::Ipv4 viewer) {
    base::MutexLock lock(mutex_);
    viewers_.erase(viewer);
  }

  mutable base::Mutex mutex_;
  std::set<net::Ipv4> viewers_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server::ethersense
