#include "net/rtc_servers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/secret_file.hpp"

namespace lenswire::net {
namespace {

constexpr std::size_t kMaxHostBytes = 253;

bool is_host(std::string_view text, bool bracketed) noexcept {
  if (text.empty() || text.size() > kMaxHostBytes) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
  });
}

// HOST[:PORT], with brackets around an IPv6 address.
std::optional<RtcServer> parse_place(std::string_view text) {
  RtcServer out;
  std::string_view host = text;
  std::string_view port;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!is_host(host, bracketed)) return std::nullopt;
  out.host = host;
  if (port.empty()) return out;
  const auto* end = port.data() + port.size();
  const auto [last, error] = std::from_chars(port.data() + 1, end, out.port);
  if (port.front() != ':' || error != std::errc() || last != end || out.port == 0)
    return std::nullopt;
  return out;
}

Result<RtcServer> parse_stun(const std::string& text) {
  auto place = parse_place(text);
  if (!place)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("STUN server '{}': expected HOST[:PORT], as in stun.example.org:3478",
                            text.substr(text.rfind('@') + 1)));
  return std::move(*place);
}

Result<RtcServer> parse_turn(std::string_view text) {
  // A password may hold '@' and ':'. What has no '@' may be one by itself, so it is not shown.
  const auto at = text.rfind('@');
  if (at == std::string_view::npos)
    return fail(ErrorCode::InvalidArgument,
                "TURN server: expected USER:PASSWORD@HOST[:PORT], and there is no '@'");
  const auto where = text.substr(at + 1);
  auto place = parse_place(where);
  if (!place)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("TURN server '{}': expected USER:PASSWORD@HOST[:PORT], as in "
                            "lens:secret@turn.example.org:3478",
                            where));
  const auto login = text.substr(0, at);
  const auto colon = std::min(login.find(':'), login.size());
  place->user = login.substr(0, colon);
  if (colon < login.size()) place->password = login.substr(colon + 1);
  if (place->user.empty())
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("TURN server '{}': the user is missing; write USER:PASSWORD@HOST[:PORT]",
                    where));
  return std::move(*place);
}

}  // namespace

bool has_password(std::string_view turn_server) noexcept {
  const auto at = turn_server.rfind('@');
  return at != std::string_view::npos &&
         turn_server.substr(0, at).find(':') != std::string_view::npos;
}

Result<RtcPeerSettings> rtc_peer_settings(const RtcServers& servers) {
  RtcPeerSettings out;
  if (!servers.stun.empty()) {
    auto stun = parse_stun(servers.stun);
    if (!stun) return fail(std::move(stun).error());
    out.stun = std::move(*stun);
  }
  if (servers.turn.size() > kMaxTurnServers)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("more than {} TURN servers; each peer would ask all of them for an "
                            "address",
                            kMaxTurnServers));
  for (const auto& text : servers.turn) {
    auto turn = parse_turn(text);
    if (!turn) return fail(std::move(turn).error());
    if (turn->password.empty()) {
      if (servers.turn_password_file.empty())
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("TURN server '{}': the password is missing; give its file with "
                                "--rtc-turn-password-file",
                                turn->host));
      auto password = base::read_secret_file(servers.turn_password_file, "TURN password");
      if (!password) return fail(std::move(password).error());
      turn->password = std::move(*password);
    }
    out.turn.push_back(std::move(*turn));
  }
  return out;
}

}  // namespace lenswire::net
