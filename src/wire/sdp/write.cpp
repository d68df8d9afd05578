#include <fmt/format.h>

#include <iterator>

#include "wire/sdp/session.hpp"

namespace lenswire::wire::sdp {
namespace {

const char* name_of(CandidateType type) noexcept {
  switch (type) {
    case CandidateType::Host:
      return "host";
    case CandidateType::ServerReflexive:
      return "srflx";
    case CandidateType::PeerReflexive:
      return "prflx";
    case CandidateType::Relay:
      return "relay";
  }
  return "host";
}

const char* name_of(Setup setup) noexcept {
  return setup == Setup::ActPass ? "actpass" : setup == Setup::Active ? "active" : "passive";
}

const char* family_of(const std::string& address) noexcept {
  return address.find(':') == std::string::npos ? "IP4" : "IP6";
}

using Out = std::back_insert_iterator<std::string>;

void refuse(Out out, const std::vector<OtherMedia>& sections) {
  for (const auto& section : sections) {
    fmt::format_to(out, "m={} 0 {} {}\r\nc=IN IP4 0.0.0.0\r\n", section.media, section.protocol,
                   section.formats);
    if (!section.mid.empty()) fmt::format_to(out, "a=mid:{}\r\n", section.mid);
    fmt::format_to(out, "a=inactive\r\n");
  }
}

void write_candidate(Out out, const Candidate& candidate) {
  fmt::format_to(out, "a=candidate:{} 1 udp {} {} {} typ {}", candidate.foundation,
                 candidate.priority, candidate.address, candidate.port, name_of(candidate.type));
  if (!candidate.related_address.empty())
    fmt::format_to(out, " raddr {} rport {}", candidate.related_address, candidate.related_port);
  fmt::format_to(out, "\r\n");
}

}  // namespace

std::string write(const DataSession& session, std::uint64_t session_id) {
  std::string text;
  Out out(text);
  fmt::format_to(out, "v=0\r\no=- {} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", session_id);
  if (session.bundled && !session.mid.empty())
    fmt::format_to(out, "a=group:BUNDLE {}\r\n", session.mid);
  fmt::format_to(out, "a=msid-semantic:WMS *\r\n");
  refuse(out, session.before);
  // The default address is the first candidate's; 9 is what trickling peers write.
  const bool reachable = !session.candidates.empty();
  const auto address = reachable ? session.candidates.front().address : std::string("0.0.0.0");
  const unsigned port = reachable ? session.candidates.front().port : 9U;
  if (session.old_syntax)
    fmt::format_to(out, "m=application {} DTLS/SCTP {}\r\n", port, session.sctp_port);
  else
    fmt::format_to(out, "m=application {} UDP/DTLS/SCTP webrtc-datachannel\r\n", port);
  fmt::format_to(out, "c=IN {} {}\r\n", family_of(address), address);
  if (!session.mid.empty()) fmt::format_to(out, "a=mid:{}\r\n", session.mid);
  if (session.old_syntax)
    fmt::format_to(out, "a=sctpmap:{} webrtc-datachannel 65535\r\n", session.sctp_port);
  else
    fmt::format_to(out, "a=sctp-port:{}\r\n", session.sctp_port);
  fmt::format_to(out, "a=max-message-size:{}\r\n", session.max_message_bytes);
  for (const auto& candidate : session.candidates) write_candidate(out, candidate);
  fmt::format_to(out, "a=end-of-candidates\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", session.ufrag,
                 session.password);
  fmt::format_to(out, "a=fingerprint:sha-256 ");
  for (std::size_t i = 0; i < session.fingerprint.size(); ++i)
    fmt::format_to(out, "{}{:02X}", i == 0 ? "" : ":",
                   static_cast<unsigned>(session.fingerprint[i]));
  fmt::format_to(out, "\r\na=setup:{}\r\n", name_of(session.setup));
  refuse(out, session.after);
  return text;
}

}  // namespace lenswire::wire::sdp
