// rtc_servers.hpp - STUN and TURN servers as a user writes them.
#pragma once

#include <cstddef>
#include <string_view>

#include <lenswire/result.hpp>
#include <lenswire/rtc_servers.hpp>

#include "net/rtc.hpp"

namespace lenswire::net {

inline constexpr std::size_t kMaxTurnServers = 4;

/// Whether one of RtcServers::turn has its password in it.
[[nodiscard]] bool has_password(std::string_view turn_server) noexcept;

/// Settings of a peer with these servers, and the defaults else. Reads the password's file where
/// a TURN server needs it.
///
/// Errors: InvalidArgument, with how it should look; those of base::read_secret_file(). None of
/// them holds a password, nor a text that may be one.
Result<RtcPeerSettings> rtc_peer_settings(const RtcServers& servers);

}  // namespace lenswire::net
