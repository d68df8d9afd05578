// rtc_stream.hpp - a byte stream inside a WebRTC data channel, for a caller who waits.
#pragma once

#include <memory>
#include <string>

#include <lenswire/client.hpp>

#include "base/stop_token.hpp"
#include "base/uri.hpp"
#include "net/rtc.hpp"
#include "net/tcp_client.hpp"

namespace lenswire::client {

/// Offers a reliable data channel to the server's `POST /rtc/{camera}` and waits until it is open.
/// Each send() is one message; what is received is the messages' bytes one after the other.
///
/// Errors: those of base::load_module(), connect_tcp() and make_tls_stream(); PermissionDenied,
/// NotFound, Unsupported or Busy as the server answers; Timeout and Disconnected when the peers do
/// not find each other.
Result<std::unique_ptr<net::ClientStream>> open_rtc_stream(const base::LenswireUrl& url,
                                                           const ClientSettings& settings,
                                                           MonotonicTime deadline,
                                                           const base::StopToken& stop);

}  // namespace lenswire::client
