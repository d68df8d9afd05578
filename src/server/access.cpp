#include "server/access.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "base/log.hpp"
#include "base/unique_fd.hpp"

namespace lenswire::server {
namespace {

constexpr std::size_t kMaxTrackedAddresses = 4096;
constexpr std::size_t kMaxTickets = 4096;
constexpr std::size_t kMaxTokenBytes = 256;

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    return close == std::string_view::npos ? std::string_view{} : host.substr(1, close - 1);
  }
  return host.substr(0, host.find(':'));
}

}  // namespace

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::None:
      return "none";
    case Role::View:
      return "view";
    case Role::Control:
      return "control";
    case Role::Record:
      return "record";
    case Role::Admin:
      return "admin";
  }
  return "none";
}

Access::Access(Settings settings, const base::Clock& clock)
    : settings_(std::move(settings)), clock_(clock) {}

bool Access::login_allowed(const net::Address& peer) {
  base::MutexLock lock(mutex_);
  const auto found = failures_.find(peer.host);
  if (found == failures_.end()) return true;
  const auto minutes =
      std::chrono::duration<double, std::ratio<60>>(clock_.now() - found->second.last).count();
  return found->second.count - minutes * kFailedLoginsPerMinute <= kFailedLoginsPerMinute - 1;
}

Result<Role> Access::authorize(const Origin& origin, std::string_view token) {
  const bool local = origin.peer.is_loopback() && !origin.forwarded;
  if (local && settings_.mode == AuthMode::RemoteOnly) return Role::Admin;
  if (!local && settings_.insecure_lan) return Role::Admin;
  if (!local && !origin.encrypted && !origin.peer.is_loopback())
    return fail(ErrorCode::PermissionDenied,
                "this server takes remote clients over TLS only; use https:// or lenswires://, or "
                "start it with --insecure-lan");
  if (!login_allowed(origin.peer)) {
    base::log_warning("login_blocked", {{"peer", origin.peer.host}});
    return fail(ErrorCode::Busy, "too many failed logins from this address; wait a minute");
  }
  if (!settings_.token.empty() && equal_in_constant_time(token, settings_.token))
    return Role::Admin;
  if (token.empty())
    return fail(ErrorCode::PermissionDenied,
                "this server needs a token; give --token-file (the server's log says where its "
                "token is), or the header Authorization: Bearer TOKEN");
  {
    base::MutexLock lock(mutex_);
    if (failures_.size() >= kMaxTrackedAddresses) failures_.clear();
    auto& failures = failures_[origin.peer.host];
    const auto minutes =
        std::chrono::duration<double, std::ratio<60>>(clock_.now() - failures.last).count();
    failures.count = std::max(0.0, failures.count - minutes * kFailedLoginsPerMinute) + 1;
    failures.last = clock_.now();
  }
  base::log_warning("login_failed", {{"peer", origin.peer.host}});
  return fail(ErrorCode::PermissionDenied,
              "wrong token; the right one is in the server's token file (its log says where)");
}

std::string Access::issue_ticket(std::string_view camera, std::string_view stream) {
  auto ticket = random_secret();
  const auto now = clock_.now();
  base::MutexLock lock(mutex_);
  std::erase_if(tickets_, [now](const auto& entry) { return entry.second.expires < now; });
  if (tickets_.size() >= kMaxTickets) tickets_.clear();
  tickets_[ticket] = {std::string(camera), std::string(stream), now + kTicketLifetime};
  return ticket;
}

bool Access::ticket_allows(std::string_view ticket, std::string_view camera,
                           std::string_view stream) {
  base::MutexLock lock(mutex_);
  const auto found = tickets_.find(ticket);
  return found != tickets_.end() && found->second.expires >= clock_.now() &&
         found->second.camera == camera && found->second.stream == stream;
}

bool Access::host_known(std::string_view host) const {
  const auto name = std::string(without_port(host));
  if (name == "localhost" || settings_.host_names.contains(name)) return true;
  // An IPv6 literal comes in brackets; without_port() has taken them off.
  const auto literal = name.find(':') == std::string::npos ? name + ":1" : "[" + name + "]:1";
  const auto address = net::Address::parse(literal, 1);
  return address && !name.empty() && address->host == name;
}

bool Access::same_origin(std::string_view origin, std::string_view host) noexcept {
  if (origin.empty()) return true;  // not a browser, or the same page
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const auto scheme = origin.substr(0, scheme_end);
  return (scheme == "http" || scheme == "https") && origin.substr(scheme_end + 3) == host;
}

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the kernel gives no random bytes");
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

Result<std::string> load_or_create_token(const std::string& file) {
  base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) {
    const auto token = random_secret();
    const base::UniqueFd made(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    const auto text = token + "\n";
    if (!made || ::write(made.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return fail(ErrorCode::PermissionDenied,
                  fmt::format("cannot write the token file {}: {}; give a --state-dir that this "
                              "user may write",
                              file, std::strerror(errno)));
    return token;
  }
  if (!fd)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("cannot read the token file {}: {}", file, std::strerror(errno)));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || (info.st_mode & 077) != 0 || info.st_uid != ::geteuid())
    return fail(ErrorCode::PermissionDenied,
                fmt::format("others may read the token file {}; make it yours alone: chown and "
                            "chmod 600",
                            file));
  std::array<char, kMaxTokenBytes> buffer{};
  const auto got = ::read(fd.get(), buffer.data(), buffer.size());
  std::string token(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!token.empty() && (token.back() == '\n' || token.back() == ' ')) token.pop_back();
  if (token.size() < 16)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the token file {} holds no token of at least 16 characters; delete it "
                            "and a new one is made",
                            file));
  return token;
}

Result<void> make_private_folder(const std::string& path) {
  std::string at;
  for (std::size_t slash = 0; slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    at = path.substr(0, slash);
    if (::mkdir(at.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(ErrorCode::PermissionDenied,
                  fmt::format("cannot make the folder {}: {}; give another with --state-dir", at,
                              std::strerror(errno)));
  }
  return {};
}

}  // namespace lenswire::server
