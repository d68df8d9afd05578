#include "base/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace lenswire::base {
namespace {

constexpr std::size_t kMaxOptions = 64;

std::optional<int> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

template <typename T>
std::optional<T> parse_number(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

Result<QueryOptions> QueryOptions::parse(std::string_view query) {
  QueryOptions options;
  while (!query.empty()) {
    const auto piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), piece.size() + 1));
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    auto key = percent_decode(piece.substr(0, equals));
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view("1")
                                                                 : piece.substr(equals + 1));
    if (!key || !value)
      return fail(ErrorCode::InvalidArgument, fmt::format("broken %-escape in option '{}'", piece));
    if (options.values_.size() >= kMaxOptions)
      return fail(ErrorCode::InvalidArgument, "more than 64 options");
    if (!options.values_.emplace(*key, Value{std::move(*value), false}).second)
      return fail(ErrorCode::InvalidArgument, fmt::format("option '{}' is given twice", *key));
  }
  return options;
}

std::string QueryOptions::text(const std::string& key, std::string fallback) {
  const auto found = values_.find(key);
  if (found == values_.end()) return fallback;
  found->second.used = true;
  return found->second.text;
}

Result<double> QueryOptions::number(const std::string& key, double fallback, double low,
                                    double high) {
  if (!contains(key)) return fallback;
  const auto raw = text(key, {});
  const auto value = parse_number<double>(raw);
  if (!value || !std::isfinite(*value) || *value < low || *value > high)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option {}={}: expected a number from {} to {}", key, raw, low, high));
  return *value;
}

Result<std::int64_t> QueryOptions::integer(const std::string& key, std::int64_t fallback,
                                           std::int64_t low, std::int64_t high) {
  if (!contains(key)) return fallback;
  const auto raw = text(key, {});
  const auto value = parse_number<std::int64_t>(raw);
  if (!value || *value < low || *value > high)
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("option {}={}: expected a whole number from {} to {}", key, raw, low, high));
  return *value;
}

Result<bool> QueryOptions::boolean(const std::string& key, bool fallback) {
  if (!contains(key)) return fallback;
  const auto raw = text(key, {});
  if (raw == "1" || raw == "true" || raw == "yes") return true;
  if (raw == "0" || raw == "false" || raw == "no") return false;
  return fail(ErrorCode::InvalidArgument, fmt::format("option {}={}: expected 0 or 1", key, raw));
}

Result<QueryOptions::Size> QueryOptions::size(const std::string& key, Size fallback,
                                              std::uint32_t max_side) {
  if (!contains(key)) return fallback;
  const auto raw = text(key, {});
  const auto cross = raw.find('x');
  if (cross != std::string::npos) {
    const auto width = parse_number<std::uint32_t>(std::string_view(raw).substr(0, cross));
    const auto height = parse_number<std::uint32_t>(std::string_view(raw).substr(cross + 1));
    if (width && height && *width >= 1 && *height >= 1 && *width <= max_side && *height <= max_side)
      return Size{*width, *height};
  }
  return fail(
      ErrorCode::InvalidArgument,
      fmt::format("option {}={}: expected WIDTHxHEIGHT, each from 1 to {}", key, raw, max_side));
}

Result<void> QueryOptions::finish(std::string_view known) const {
  for (const auto& [key, value] : values_)
    if (!value.used)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("unknown option '{}'; known here: {}", key, known));
  return {};
}

Result<SourceUri> SourceUri::parse(std::string_view text) {
  SourceUri uri;
  uri.text = std::string(text);
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is not a source URI; write KIND:REST, for example "
                            "synthetic:room or v4l2:/dev/video0",
                            text));
  uri.scheme = std::string(text.substr(0, colon));
  const auto rest = text.substr(colon + 1);
  const auto question = rest.find('?');
  uri.path = std::string(rest.substr(0, question));
  if (question != std::string_view::npos) {
    auto options = QueryOptions::parse(rest.substr(question + 1));
    if (!options)
      return fail(options.error().code, fmt::format("{}: {}", text, options.error().message));
    uri.options = std::move(*options);
  }
  return uri;
}

std::string with_options(std::string_view uri, const OptionChanges& changes) {
  const auto question = uri.find('?');
  std::string out(uri.substr(0, question));
  char separator = '?';
  const auto add = [&](std::string_view option) {
    out += separator;
    out += option;
    separator = '&';
  };
  auto query = question == std::string_view::npos ? std::string_view{} : uri.substr(question + 1);
  while (!query.empty()) {
    const auto piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), piece.size() + 1));
    const auto key = percent_decode(piece.substr(0, piece.find('=')));
    const bool replaced = std::any_of(changes.begin(), changes.end(),
                                      [&](const auto& change) { return change.first == key; });
    if (!piece.empty() && !replaced) add(piece);
  }
  for (const auto& [key, text] : changes) add(fmt::format("{}={}", key, text));
  return out;
}

Result<LenswireUrl> LenswireUrl::parse(std::string_view text) {
  LenswireUrl url;
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is not a lenswire URL ({}); write "
                                                        "lenswire://host[:port]/camera[/stream]",
                                                        text, why));
  };
  std::string_view rest = text;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    const auto scheme = rest.substr(0, scheme_end);
    url.tls = scheme == "lenswires" || scheme == "wss" || scheme == "rtcs";
    const auto plain = scheme.substr(0, scheme.size() - (url.tls ? 1 : 0));
    if (plain == "ws")
      url.transport = Transport::WebSocket;
    else if (plain == "rtc")
      url.transport = Transport::DataChannel;
    else if (plain != "lenswire")
      return bad(fmt::format("scheme '{}'", scheme));
    rest.remove_prefix(scheme_end + 3);
  }
  const auto slash = rest.find('/');
  auto authority = rest.substr(0, slash);
  auto path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);

  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return bad("'[' without ']'");
    url.host = std::string(authority.substr(1, close - 1));
    authority.remove_prefix(close + 1);
    if (authority.starts_with(':'))
      port = authority.substr(1);
    else if (!authority.empty())
      return bad("text after ']'");
  } else {
    const auto colon = authority.find(':');
    url.host = std::string(authority.substr(0, colon));
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
    if (colon != std::string_view::npos && port.empty()) return bad("empty port");
  }
  if (url.host.empty()) return bad("no host");
  if (!port.empty()) {
    const auto value = parse_number<std::uint16_t>(port);
    if (!value || *value == 0) return bad(fmt::format("port '{}'", port));
    url.port = *value;
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  const auto split = path.find('/');
  url.camera = std::string(path.substr(0, split));
  if (split != std::string_view::npos) url.stream = std::string(path.substr(split + 1));
  if (!url.camera.empty() && !is_valid_name(url.camera)) return bad("camera name");
  if (!url.stream.empty() && !is_valid_name(url.stream)) return bad("stream name");
  return url;
}

bool is_valid_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace lenswire::base
