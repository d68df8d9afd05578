// uri.hpp - "scheme:rest?key=value&..." as source URIs, request targets and door options use it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::base {

/// Percent-decodes; nothing for a broken escape or an encoded NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Options of a query string, each read by name and checked: what is left over at the end is a
/// mistake of the user, and finish() says so.
///
/// Threading: reentrant.
class QueryOptions {
 public:
  /// Errors: InvalidArgument for a broken escape, a repeated key or more than 64 keys.
  static Result<QueryOptions> parse(std::string_view query);

  [[nodiscard]] bool contains(const std::string& key) const { return values_.contains(key); }

  /// The option's text, or the fallback where it is not given.
  std::string text(const std::string& key, std::string fallback);

  /// A number within [low, high].
  /// Errors: InvalidArgument, naming the key, its text and the range.
  Result<double> number(const std::string& key, double fallback, double low, double high);
  Result<std::int64_t> integer(const std::string& key, std::int64_t fallback, std::int64_t low,
                               std::int64_t high);
  /// "1"/"true"/"yes" or "0"/"false"/"no".
  Result<bool> boolean(const std::string& key, bool fallback);
  /// "WIDTHxHEIGHT", each 1..max_side.
  struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
  };
  Result<Size> size(const std::string& key, Size fallback, std::uint32_t max_side);

  /// Errors: InvalidArgument, naming the keys nobody asked for and `known`, which ones there are.
  Result<void> finish(std::string_view known) const;

 private:
  struct Value {
    std::string text;
    bool used = false;
  };
  std::map<std::string, Value> values_;
};

/// A source URI: `scheme:path?query`. The path is kept as written (no percent-decoding), because it
/// usually is a file name.
struct SourceUri {
  std::string text;    ///< as the user wrote it
  std::string scheme;  ///< "v4l2"
  std::string path;    ///< "/dev/video0"
  QueryOptions options;

  /// Errors: InvalidArgument for a text without a scheme, or a broken query.
  static Result<SourceUri> parse(std::string_view text);
};

/// Options to put into a URI: name and text, which needs no percent-encoding.
using OptionChanges = std::vector<std::pair<std::string, std::string>>;

/// The URI with these options instead of its own of the same names.
[[nodiscard]] std::string with_options(std::string_view uri, const OptionChanges& changes);

/// What carries the native protocol.
enum class Transport { Tcp, WebSocket, DataChannel };

/// `lenswire://host[:port]/camera[/stream]`; parts that are absent stay empty.
struct LenswireUrl {
  std::string host;
  std::uint16_t port = 6480;
  std::string camera;
  std::string stream;
  bool tls = false;                      ///< schemes `lenswires`, `wss` and `rtcs`
  Transport transport = Transport::Tcp;  ///< schemes `ws` and `rtc` are the others

  /// Also takes "host[:port][/camera[/stream]]" without the scheme.
  static Result<LenswireUrl> parse(std::string_view text);
};

/// Names of cameras and streams: [A-Za-z0-9._-]{1,64}, no leading dot.
[[nodiscard]] bool is_valid_name(std::string_view name) noexcept;

}  // namespace lenswire::base
