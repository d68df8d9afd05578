// access.hpp - who may do what.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>
#include <lenswire/server.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "net/address.hpp"
#include "server/rate_limit.hpp"

namespace lenswire::server {

/// Each role may do all that those before it may.
enum class Role : std::uint8_t { None, View, Control, Record, Admin };

[[nodiscard]] std::string_view to_string(Role role) noexcept;

inline constexpr double kFailedLoginsPerMinute = 10;
inline constexpr auto kTicketLifetime = std::chrono::seconds(60);

/// Where a request comes from.
struct Origin {
  const net::Address& peer;
  bool encrypted = false;
  bool forwarded = false;  ///< carries X-Forwarded-*: a proxy on loopback speaks for a stranger
};

/// Holds the token and knows the rules of the security baseline, section 4.
///
/// Threading: thread-safe.
class Access {
 public:
  struct Settings {
    AuthMode mode = AuthMode::RemoteOnly;
    bool insecure_lan = false;
    std::string token;  ///< empty: nobody can log in
    std::set<std::string, std::less<>> host_names;
  };
  Access(Settings settings, const base::Clock& clock);

  /// The role of a request with this token ("" = none given).
  /// Errors: PermissionDenied with what to do; Busy after too many failed logins.
  Result<Role> authorize(const Origin& origin, std::string_view token);

  /// A ticket for one stream, for places where only a URL fits: views it for 60 s.
  std::string issue_ticket(std::string_view camera, std::string_view stream);
  [[nodiscard]] bool ticket_allows(std::string_view ticket, std::string_view camera,
                                   std::string_view stream);

  /// Whether a browser may use this Host header: a literal address, localhost, this machine's name
  /// or a configured one.
  [[nodiscard]] bool host_known(std::string_view host) const;
  /// Whether an Origin header (may be absent) names the same place as the Host header.
  [[nodiscard]] static bool same_origin(std::string_view origin, std::string_view host) noexcept;

 private:
  [[nodiscard]] bool login_allowed(const net::Address& peer);

  const Settings settings_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  struct Failures {
    double count = 0;
    MonotonicTime last{};
  };
  std::map<std::string, Failures, std::less<>> failures_ LENSWIRE_GUARDED_BY(mutex_);
  struct Ticket {
    std::string camera;
    std::string stream;
    MonotonicTime expires{};
  };
  std::map<std::string, Ticket, std::less<>> tickets_ LENSWIRE_GUARDED_BY(mutex_);
};

/// 32 random bytes as 64 hexadecimal digits.
[[nodiscard]] std::string random_secret();

/// Reads the token of `file`, or makes one there with mode 0600.
/// Errors: PermissionDenied where the file can't be read or made, or others may read it.
Result<std::string> load_or_create_token(const std::string& file);

/// Makes the folder that `path` names, with those above it, mode 0700 each, where it is missing.
/// Errors: PermissionDenied.
Result<void> make_private_folder(const std::string& path);

}  // namespace lenswire::server
