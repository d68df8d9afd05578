// HTTP requests as strangers send them, in any pieces, and the routing of each to a server without
// cameras. How a request is cut must not change what it means.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "server/http_api.hpp"

namespace net = lenswire::net;
namespace server = lenswire::server;

namespace {

// What was understood, in order; a rejection ends the connection.
std::vector<std::string> requests(std::span<const std::byte> bytes, std::size_t piece,
                                  server::Services& services) {
  static const net::Address peer{"127.0.0.1", 1};
  std::vector<std::string> seen;
  net::HttpRequestParser parser;
  while (!bytes.empty()) {
    const auto now = bytes.first(std::min(piece, bytes.size()));
    parser.feed(now);
    bytes = bytes.subspan(now.size());
    while (true) {
      const auto request = parser.next();
      if (!request) return seen;
      if (!*request) break;
      seen.push_back((*request)->method + ' ' + (*request)->path + '?' + (*request)->query + ' ' +
                     (*request)->body);
      (void)server::route_request(services, **request, peer, false);
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto& clock = lenswire::base::system_clock();
  static server::Access access({}, clock);
  static server::ConnectionTable connections({});
  static server::Services services(clock, access, connections);
  if (!services.io_wakeups) services.io_wakeups = [] { return std::uint64_t{0}; };
  if (size == 0) return 0;
  // The first byte says in which pieces the rest comes.
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto in_pieces = requests(bytes, std::size_t{data[0]} + 1, services);
  const auto at_once = requests(bytes, std::max<std::size_t>(bytes.size(), 1), services);
  if (in_pieces != at_once) std::abort();
  return 0;
}
