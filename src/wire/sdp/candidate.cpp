#include <arpa/inet.h>

#include <array>

#include "wire/sdp/session.hpp"
#include "wire/sdp/text.hpp"

namespace lenswire::wire::sdp {
namespace {

enum class AddressKind : std::uint8_t { None, OneHost, Other };

// Other: groups, everybody, nobody. A description must not make us send to those.
AddressKind kind_of(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.empty() || text.size() >= copy.size()) return AddressKind::None;
  text.copy(copy.data(), text.size());
  in_addr v4{};
  if (::inet_pton(AF_INET, copy.data(), &v4) == 1) {
    const auto first = ntohl(v4.s_addr) >> 24;
    return first == 0 || first >= 224 ? AddressKind::Other : AddressKind::OneHost;
  }
  in6_addr v6{};
  if (::inet_pton(AF_INET6, copy.data(), &v6) != 1) return AddressKind::None;
  return IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_MULTICAST(&v6) || IN6_IS_ADDR_V4MAPPED(&v6)
             ? AddressKind::Other
             : AddressKind::OneHost;
}

std::optional<CandidateType> type_of(std::string_view word) noexcept {
  if (word == "host") return CandidateType::Host;
  if (word == "srflx") return CandidateType::ServerReflexive;
  if (word == "prflx") return CandidateType::PeerReflexive;
  if (word == "relay") return CandidateType::Relay;
  return std::nullopt;
}

bool is_udp(std::string_view word) noexcept {
  return word.size() == 3 && (word[0] | 0x20) == 'u' && (word[1] | 0x20) == 'd' &&
         (word[2] | 0x20) == 'p';
}

tl::unexpected<Error> bad(const char* what) {
  return fail(ErrorCode::InvalidArgument, std::string("SDP candidate: ") + what);
}

}  // namespace

Result<std::optional<Candidate>> parse_candidate(std::string_view line) {
  if (line.size() > 1024) return bad("longer than 1024 characters");
  if (line.starts_with("a=")) line.remove_prefix(2);
  if (!line.starts_with("candidate:")) return bad("does not begin with 'candidate:'");
  line.remove_prefix(10);
  Candidate out;
  const auto foundation = take_word(line);
  if (!is_token(foundation, 32)) return bad("the foundation is none");
  out.foundation = foundation;
  const auto component = number<std::uint16_t>(take_word(line));
  if (!component || *component == 0 || *component > 256) return bad("no component 1 to 256");
  const auto transport = take_word(line);
  if (!is_token(transport, 16)) return bad("no transport");
  const auto priority = number<std::uint32_t>(take_word(line));
  if (!priority) return bad("no priority");
  out.priority = *priority;
  const auto address = take_word(line);
  const auto port = number<std::uint16_t>(take_word(line));
  if (!port) return bad("no port");
  out.port = *port;
  if (take_word(line) != "typ") return bad("no 'typ'");
  const auto type = type_of(take_word(line));
  if (!type) return bad("the type is none of host, srflx, prflx, relay");
  out.type = *type;
  while (!line.empty()) {
    const auto key = take_word(line);
    const auto value = take_word(line);
    if (key == "raddr" && kind_of(value) != AddressKind::None) out.related_address = value;
    if (key == "rport") {
      const auto related = number<std::uint16_t>(value);
      if (!related) return bad("rport is no port");
      out.related_port = *related;
    }
  }
  if (*component != 1 || !is_udp(transport) || out.port == 0) return std::optional<Candidate>();
  const auto kind = kind_of(address);
  if (kind == AddressKind::None && !is_token(address, 255)) return bad("no address");
  // Names are those of mDNS; asking the network for them would tell strangers who is asking.
  if (kind != AddressKind::OneHost) return std::optional<Candidate>();
  out.address = address;
  return std::optional(std::move(out));
}

}  // namespace lenswire::wire::sdp
