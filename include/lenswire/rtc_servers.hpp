// rtc_servers.hpp - STUN and TURN servers for WebRTC data channels.
#pragma once

#include <string>
#include <vector>

namespace lenswire {

/// Through whom the two ends of a data channel find each other where neither has an address that
/// the other can reach (docs/webrtc.md). Both are spoken to over UDP.
struct RtcServers {
  std::string stun;  ///< HOST[:PORT], port 3478 unless given; empty: none
  /// `USER:PASSWORD@HOST[:PORT]` each, or `USER@HOST[:PORT]` with `turn_password_file`; at most 4.
  std::vector<std::string> turn;
  /// Its first line is the password of those that name none. Readable by its owner alone.
  std::string turn_password_file;
};

}  // namespace lenswire
