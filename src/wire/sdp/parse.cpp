#include <fmt/format.h>

#include <algorithm>

#include "wire/sdp/session.hpp"
#include "wire/sdp/text.hpp"

namespace lenswire::wire::sdp {
namespace {

tl::unexpected<Error> bad(std::string what) {
  return fail(ErrorCode::InvalidArgument, "SDP: " + std::move(what));
}

// What may stand at the head for all sections, or in one.
struct Transport {
  std::string ufrag;
  std::string password;
  std::optional<Setup> setup;
  std::optional<std::array<std::byte, 32>> fingerprint;
  bool foreign_fingerprint = false;
};

struct Section {
  OtherMedia media;
  std::uint16_t port = 0;
  bool is_data = false;
  bool old_syntax = false;
  std::optional<std::uint16_t> sctp_port;
  std::optional<std::uint64_t> max_message_bytes;
  Transport transport;
  std::vector<Candidate> candidates;
};

bool is_ice_text(std::string_view text, std::size_t min) noexcept {
  return text.size() >= min && text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  // '=', '-' and '_' are not in the grammar, but some peers use them.
                  c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
         });
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::array<std::byte, 32>> sha256_of(std::string_view text) noexcept {
  std::array<std::byte, 32> out{};
  if (text.size() != out.size() * 3 - 1) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit(text[i * 3]);
    const int low = hex_digit(text[i * 3 + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    if (i + 1 < out.size() && text[i * 3 + 2] != ':') return std::nullopt;
    out[i] = static_cast<std::byte>(high << 4 | low);
  }
  return out;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y;
         });
}

// True when the attribute was one of these.
Result<bool> read_transport(std::string_view key, std::string_view value, Transport& out) {
  if (key == "ice-ufrag") {
    if (!is_ice_text(value, 4)) return bad("ice-ufrag is not 4 to 256 ICE characters");
    out.ufrag = value;
  } else if (key == "ice-pwd") {
    if (!is_ice_text(value, 22)) return bad("ice-pwd is not 22 to 256 ICE characters");
    out.password = value;
  } else if (key == "setup") {
    if (value == "actpass")
      out.setup = Setup::ActPass;
    else if (value == "active")
      out.setup = Setup::Active;
    else if (value == "passive")
      out.setup = Setup::Passive;
    else
      return bad("setup is none of actpass, active, passive");
  } else if (key == "fingerprint") {
    if (!same_word(take_word(value), "sha-256")) {
      out.foreign_fingerprint = true;
      return true;
    }
    const auto hash = sha256_of(take_word(value));
    if (!hash) return bad("the sha-256 fingerprint is not 32 bytes in hex with colons");
    if (!out.fingerprint) out.fingerprint = hash;
  } else {
    return false;
  }
  return true;
}

Result<Section> read_media_line(std::string_view line) {
  Section out;
  const auto media = take_word(line);
  auto ports = take_word(line);
  const auto protocol = take_word(line);
  const auto port = number<std::uint16_t>(take(ports, '/'));
  if (!is_token(media, 32) || !is_token(protocol, 64) || !port)
    return bad("a media line is not 'm=media port protocol formats'");
  while (line.ends_with(' ')) line.remove_suffix(1);
  for (auto rest = line; !rest.empty();)
    if (!is_token(take_word(rest), 64)) return bad("a media line names a format that is none");
  if (line.empty()) return bad("a media line names no format");
  out.media = {std::string(media), std::string(protocol), std::string(line), {}};
  out.port = *port;
  if (media != "application") return out;
  const auto format = take_word(line);
  if (protocol == "DTLS/SCTP") {
    out.old_syntax = true;
    out.is_data = true;
    out.sctp_port = number<std::uint16_t>(format);
    if (!out.sctp_port) return bad("the format of DTLS/SCTP is no port");
  } else if (protocol == "UDP/DTLS/SCTP" && format == "webrtc-datachannel") {
    out.is_data = true;
  }
  return out;
}

Result<void> read_attribute(std::string_view line, Section& section) {
  const auto key = take(line, ':');
  const auto value = line;
  const auto transport = read_transport(key, value, section.transport);
  if (!transport) return fail(transport.error());
  if (*transport) return {};
  if (key == "mid") {
    if (!is_token(value, 64)) return bad("mid is no word of up to 64 characters");
    section.media.mid = value;
  } else if (!section.is_data) {
    return {};
  } else if (key == "sctp-port") {
    section.sctp_port = number<std::uint16_t>(value);
    if (!section.sctp_port) return bad("sctp-port is no port");
  } else if (key == "max-message-size") {
    section.max_message_bytes = number<std::uint64_t>(value);
    if (!section.max_message_bytes) return bad("max-message-size is no number");
  } else if (key == "candidate") {
    auto candidate = parse_candidate(fmt::format("candidate:{}", value));
    if (!candidate) return fail(candidate.error());
    if (!*candidate) return {};
    if (section.candidates.size() == kMaxCandidates) return bad("more than 128 candidates");
    section.candidates.push_back(std::move(**candidate));
  }
  return {};
}

bool names_mid(std::string_view group, std::string_view mid) noexcept {
  if (take_word(group) != "BUNDLE" || mid.empty()) return false;
  while (!group.empty())
    if (take_word(group) == mid) return true;
  return false;
}

Result<DataSession> assemble(const Transport& head, std::vector<Section>& sections,
                             const std::vector<std::string_view>& groups) {
  const auto found =
      std::find_if(sections.begin(), sections.end(), [](const auto& s) { return s.is_data; });
  if (found == sections.end()) return bad("there is no data channel section (m=application)");
  if (found->port == 0) return bad("the data channel section is refused (port 0)");
  DataSession out;
  auto& own = found->transport;
  out.old_syntax = found->old_syntax;
  out.mid = found->media.mid;
  out.bundled = std::any_of(groups.begin(), groups.end(),
                            [&](auto group) { return names_mid(group, out.mid); });
  if (!found->sctp_port || *found->sctp_port == 0) return bad("there is no sctp-port");
  out.sctp_port = *found->sctp_port;
  out.max_message_bytes = found->max_message_bytes.value_or(kDefaultMaxMessageBytes);
  out.ufrag = own.ufrag.empty() ? head.ufrag : own.ufrag;
  out.password = own.password.empty() ? head.password : own.password;
  if (out.ufrag.empty() || out.password.empty()) return bad("there is no ice-ufrag or ice-pwd");
  out.setup = own.setup.value_or(head.setup.value_or(Setup::ActPass));
  const auto& fingerprint = own.fingerprint ? own.fingerprint : head.fingerprint;
  if (!fingerprint)
    return own.foreign_fingerprint || head.foreign_fingerprint
               ? fail(ErrorCode::Unsupported, "SDP: the fingerprint must be sha-256")
               : bad("there is no fingerprint");
  out.fingerprint = *fingerprint;
  out.candidates = std::move(found->candidates);
  for (auto i = sections.begin(); i != sections.end(); ++i)
    if (i != found) (i < found ? out.before : out.after).push_back(std::move(i->media));
  return out;
}

}  // namespace

Result<DataSession> parse(std::string_view text) {
  if (text.size() > kMaxSdpBytes) return bad("longer than 64 KiB");
  if (!text.starts_with("v=0\r\n") && !text.starts_with("v=0\n"))
    return bad("does not begin with v=0");
  Transport head;
  std::vector<Section> sections;
  std::vector<std::string_view> groups;
  for (std::size_t lines = 0; !text.empty(); ++lines) {
    if (lines == kMaxLines) return bad("more than 2000 lines");
    auto line = take(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.size() < 2 || line[1] != '=') return bad("a line is not of the form x=value");
    if (std::any_of(line.begin(), line.end(), [](char c) { return c == '\0' || c == '\r'; }))
      return bad("a line holds a NUL or a bare CR");
    const char kind = line[0];
    line.remove_prefix(2);
    if (kind == 'm') {
      if (sections.size() == kMaxMedia) return bad("more than 16 media sections");
      auto section = read_media_line(line);
      if (!section) return fail(section.error());
      sections.push_back(std::move(*section));
    } else if (kind == 'a' && sections.empty()) {
      const auto key = take(line, ':');
      if (key == "group") groups.push_back(line);
      if (auto done = read_transport(key, line, head); !done) return fail(done.error());
    } else if (kind == 'a') {
      if (auto done = read_attribute(line, sections.back()); !done) return fail(done.error());
    }
  }
  return assemble(head, sections, groups);
}

}  // namespace lenswire::wire::sdp
