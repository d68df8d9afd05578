#include "wire/ball/signal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "wire/depth_limit.hpp"

namespace lenswire::wire::ball {
namespace {

using nlohmann::json;

constexpr int kMaxNesting = 4;

tl::unexpected<Error> malformed(std::string what) {
  return fail(ErrorCode::InvalidArgument, "signalling: " + std::move(what));
}

std::optional<std::string> text_of(const json& map, const char* key) {
  const auto found = map.find(key);
  if (found == map.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// As Python's json.dumps() writes it; nothing for what is no UTF-8.
std::optional<std::string> json_text(std::string_view text) {
  auto out = json(text).dump(-1, ' ', true, json::error_handler_t::ignore);
  if (json::parse(out).get_ref<const std::string&>() != text) return std::nullopt;
  return out;
}

Result<Signal> with_sdp(Signal::Type type, const json& map) {
  auto sdp = text_of(map, "sdp");
  if (!sdp || sdp->empty()) return malformed("an offer or answer without its sdp");
  Signal signal;
  signal.type = type;
  signal.sdp = std::move(*sdp);
  return signal;
}

Result<Signal> candidate_of(const json& map) {
  Signal signal;
  signal.type = Signal::Type::Candidate;
  auto candidate = text_of(map, "candidate");
  auto id = text_of(map, "id");
  const auto label = map.find("label");
  if (!candidate || !id || label == map.end() || !label->is_number_unsigned() ||
      label->get<std::uint64_t>() > 255)
    return malformed("a candidate without its text, id or label");
  signal.candidate = std::move(*candidate);
  signal.id = std::move(*id);
  signal.label = label->get<std::uint32_t>();
  return signal;
}

}  // namespace

Result<Signal> parse_line(std::string_view line) {
  if (line.size() > kMaxLineBytes) return malformed("a line of more than 64 KiB");
  const auto map = parse_json_object(line, kMaxNesting);
  if (!map) return fail(map.error());
  const auto type = text_of(*map, "type");
  if (type == "offer") return with_sdp(Signal::Type::Offer, *map);
  if (type == "answer") return with_sdp(Signal::Type::Answer, *map);
  if (type == "bye") return Signal{};
  if (type == "candidate") return candidate_of(*map);
  return malformed("neither offer, answer, candidate nor bye");
}

Result<std::string> encode(const Signal& signal) {
  if (signal.type == Signal::Type::Bye) return std::string("{\"type\": \"bye\"}\n");
  std::string line;
  if (signal.type == Signal::Type::Candidate) {
    const auto candidate = json_text(signal.candidate);
    const auto id = json_text(signal.id);
    if (!candidate || !id) return malformed("text that is no UTF-8");
    line = fmt::format("{{\"candidate\": {}, \"id\": {}, \"label\": {}, \"type\": \"candidate\"}}",
                       *candidate, *id, signal.label);
  } else {
    const auto sdp = json_text(signal.sdp);
    if (!sdp) return malformed("text that is no UTF-8");
    line = fmt::format("{{\"sdp\": {}, \"type\": \"{}\"}}", *sdp,
                       signal.type == Signal::Type::Offer ? "offer" : "answer");
  }
  if (line.size() > kMaxLineBytes) return malformed("a line of more than 64 KiB");
  line.push_back('\n');
  return line;
}

Result<std::optional<Signal>> SignalReader::read(std::span<const std::byte>& bytes) {
  const auto end = std::find(bytes.begin(), bytes.end(), std::byte{'\n'});
  const auto count = static_cast<std::size_t>(end - bytes.begin());
  if (line_.size() + count > kMaxLineBytes) return malformed("a line of more than 64 KiB");
  line_.append(reinterpret_cast<const char*>(bytes.data()), count);
  if (end == bytes.end()) {
    bytes = {};
    return std::nullopt;
  }
  bytes = bytes.subspan(count + 1);
  auto signal = parse_line(line_);
  line_.clear();
  if (!signal) return fail(std::move(signal).error());
  return std::move(*signal);
}

}  // namespace lenswire::wire::ball
