// connection_table.hpp - how many connections there are, and from whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "net/address.hpp"

namespace lenswire::server {

/// Threading: thread-safe; outlives its admissions.
class ConnectionTable {
 public:
  struct Limits {
    std::size_t total = 2048;
    std::size_t per_address = 128;     ///< loopback: only the total counts
    std::size_t unauthenticated = 64;  ///< remote ones whose first request has not come yet
  };
  explicit ConnectionTable(const Limits& limits) : limits_(limits) {}

  enum class Limit : std::uint8_t { None, Total, Address, Unauthenticated };

  /// Counts one connection while it lives.
  class Admission {
   public:
    Admission() = default;
    Admission(Admission&& other) noexcept { *this = std::move(other); }
    Admission& operator=(Admission&& other) noexcept;
    ~Admission() { reset(); }
    void reset() noexcept;
    /// The client has shown who it is (or need not).
    void authenticated() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return table_ != nullptr; }
    /// Whether the connection that `refused` stands for would be admitted if this one ended: an
    /// address at its own limit makes no room at the expense of others.
    [[nodiscard]] bool stands_in_the_way_of(const Admission& refused) const noexcept;

   private:
    friend class ConnectionTable;
    ConnectionTable* table_ = nullptr;
    Limit reached_ = Limit::None;  // by a refused one
    std::string host_;             // empty for loopback
    bool loopback_ = false;
    bool authenticated_ = false;
  };

  /// False-y where a limit is reached.
  [[nodiscard]] Admission admit(const net::Address& peer);

  [[nodiscard]] std::size_t total() const;

 private:
  Limit limit_reached(const Admission& next) const LENSWIRE_REQUIRES(mutex_);

  const Limits limits_;
  mutable base::Mutex mutex_;
  std::size_t total_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::size_t unauthenticated_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::size_t> by_address_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server
