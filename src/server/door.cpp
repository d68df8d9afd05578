#include "server/door.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lenswire::server {
namespace {

auto malformed(std::string_view text, std::string_view what) {
  return fail(ErrorCode::InvalidArgument,
              fmt::format("--door {}: {}; write NAME[:[HOST:]PORT][=CAMERA][?options], for example "
                          "rpiasgige:4001=front",
                          text, what));
}

}  // namespace

Result<DoorRequest> DoorRequest::parse(std::string_view text) {
  DoorRequest request;
  request.text = text;
  auto rest = text;
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    auto options = base::QueryOptions::parse(rest.substr(question + 1));
    if (!options) return malformed(text, options.error().message);
    request.options = std::move(*options);
    rest = rest.substr(0, question);
  }
  if (const auto equals = rest.find('='); equals != std::string_view::npos) {
    request.camera = rest.substr(equals + 1);
    if (!base::is_valid_name(request.camera)) return malformed(text, "that is no camera's name");
    rest = rest.substr(0, equals);
  }
  const auto colon = rest.find(':');
  request.name = rest.substr(0, colon);
  if (request.name.empty()) return malformed(text, "the door's name is missing");
  if (colon == std::string_view::npos) return request;
  auto place = rest.substr(colon + 1);
  if (const auto last = place.rfind(':'); last != std::string_view::npos) {
    const auto address = net::Address::parse(place, 1);
    if (!address) return malformed(text, address.error().message);
    request.host = address->host;
    place = place.substr(last + 1);
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(place.data(), place.data() + place.size(), port);
  if (place.empty() || error != std::errc() || end != place.data() + place.size())
    return malformed(text, fmt::format("'{}' is no port (0 to 65535)", place));
  request.port = port;
  return request;
}

Result<const DoorKind*> find_door(std::string_view name) {
  std::string known;
  for (const auto& kind : builtin_doors()) {
    if (kind.name == name) return &kind;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
  }
  return fail(ErrorCode::Unsupported, fmt::format("there is no door '{}'; this build has: {}", name,
                                                  known.empty() ? "none" : known));
}

}  // namespace lenswire::server
