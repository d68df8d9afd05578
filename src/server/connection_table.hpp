// connection_table.hpp - how many connections there are, and from whom.
#pragma once

#include <cstddef>
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

   private:
    friend class ConnectionTable;
    ConnectionTable* table_ = nullptr;
    std::string host_;
    bool loopback_ = false;
    bool authenticated_ = false;
  };

  /// False-y where a limit is reached.
  [[nodiscard]] Admission admit(const net::Address& peer);

  [[nodiscard]] std::size_t total() const;

 private:
  const Limits limits_;
  mutable base::Mutex mutex_;
  std::size_t total_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::size_t unauthenticated_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::size_t> by_address_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server
