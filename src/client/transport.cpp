#include "client/transport.hpp"

#include "client/credentials.hpp"
#include "client/rtc_stream.hpp"
#include "net/tls_client.hpp"
#include "net/websocket_client.hpp"

namespace lenswire::client {

Result<std::unique_ptr<net::ClientStream>> open_transport(const base::LenswireUrl& url,
                                                          const ClientSettings& settings,
                                                          MonotonicTime deadline,
                                                          const base::StopToken& stop) {
  if (url.transport == base::Transport::DataChannel)
    return open_rtc_stream(url, settings, deadline, stop);
  auto fd = net::connect_tcp(url.host, url.port, deadline, stop);
  if (!fd) return fail(std::move(fd).error());
  const net::TlsClientSettings tls{settings.ca_file, settings.pin_sha256, settings.insecure};
  if (url.transport == base::Transport::WebSocket) {
    auto token = read_token(settings);
    if (!token) return fail(std::move(token).error());
    net::WebSocketTarget target{
        net::host_and_port(url.host, url.port), "/ws", std::move(*token), {}, url.host};
    if (url.tls) target.tls = tls;
    return net::make_websocket_stream(std::move(*fd), target, deadline, stop);
  }
  if (url.tls) return net::make_tls_stream(std::move(*fd), url.host, tls, deadline, stop);
  return net::make_tcp_stream(std::move(*fd), stop);
}

}  // namespace lenswire::client
