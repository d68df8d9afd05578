#include "cli/serve_config.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <toml++/toml.h>

#include "net/rtc_servers.hpp"

namespace lenswire::cli {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

// Reads one table; an error names the file, the line and the key.
class TableReader {
 public:
  TableReader(const std::string& file, const toml::table& table) : file_(file), table_(table) {}

  template <typename T>
  void read(std::string_view key, T& out, std::string_view expected) {
    known_.push_back(key);
    const auto* node = table_.get(key);
    if (!node || !error_.empty()) return;
    if (const auto value = node->value_exact<T>())
      out = *value;
    else
      complain(*node, key, expected);
  }
  void read_number(std::string_view key, double& out) {
    known_.push_back(key);
    const auto* node = table_.get(key);
    if (!node || !error_.empty()) return;
    const auto value = node->value<double>();
    if (value && *value >= 0 && *value <= 1e6)
      out = *value;
    else
      complain(*node, key, "a number from 0 to 1000000");
  }
  void read_count(std::string_view key, unsigned& out, std::int64_t high) {
    known_.push_back(key);
    const auto* node = table_.get(key);
    if (!node || !error_.empty()) return;
    const auto value = node->value_exact<std::int64_t>();
    if (value && *value >= 0 && *value <= high)
      out = static_cast<unsigned>(*value);
    else
      complain(*node, key, fmt::format("a whole number from 0 to {}", high));
  }
  void read_texts(std::string_view key, std::vector<std::string>& out) {
    known_.push_back(key);
    const auto* node = table_.get(key);
    if (!node || !error_.empty()) return;
    const auto* list = node->as_array();
    if (!list) return complain(*node, key, "a list of texts");
    out.clear();
    for (const auto& item : *list) {
      const auto text = item.value_exact<std::string>();
      if (!text) return complain(item, key, "a list of texts");
      out.push_back(*text);
    }
  }
  void read_choice(std::string_view key, std::string& out,
                   std::initializer_list<std::string_view> choices) {
    const auto expected = fmt::format("\"{}\"", fmt::join(choices, "\" or \""));
    auto value = out;
    read<std::string>(key, value, expected);
    if (std::find(choices.begin(), choices.end(), value) != choices.end())
      out = value;
    else if (error_.empty())
      complain(*table_.get(key), key, expected);
  }
  [[nodiscard]] Result<void> require(std::string_view key) const {
    if (table_.contains(key)) return {};
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}, line {}: {} is missing", file_, table_.source().begin.line, key));
  }
  const toml::array* read_tables(std::string_view key) {
    known_.push_back(key);
    const auto* node = table_.get(key);
    if (!node || !error_.empty()) return nullptr;
    if (const auto* list = node->as_array(); list && list->is_homogeneous(toml::node_type::table))
      return list;
    complain(*node, key, "tables, as in [[camera]]");
    return nullptr;
  }
  [[nodiscard]] Result<void> finish() {
    for (const auto& [key, node] : table_)
      if (error_.empty() && std::find(known_.begin(), known_.end(), key.str()) == known_.end())
        error_ = fmt::format("{}, line {}: unknown key '{}'; known here: {}", file_,
                             node.source().begin.line, key.str(), fmt::join(known_, ", "));
    if (error_.empty()) return {};
    return fail(ErrorCode::InvalidArgument, error_);
  }

 private:
  void complain(const toml::node& node, std::string_view key, std::string_view expected) {
    error_ =
        fmt::format("{}, line {}: {} must be {}", file_, node.source().begin.line, key, expected);
  }

  const std::string& file_;
  const toml::table& table_;
  std::vector<std::string_view> known_;
  std::string error_;
};

Result<std::string> read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(errno == EACCES ? ErrorCode::PermissionDenied : ErrorCode::NotFound,
                fmt::format("cannot read the configuration {}: {}", file, std::strerror(errno)));
  std::string text(kMaxConfigBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is no readable file", file));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxConfigBytes)
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is larger than 1 MiB", file));
  return text;
}

}  // namespace

Result<CameraSettings> parse_camera_option(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("--camera {}: write NAME=URI, for example room=synthetic:room or "
                            "front=v4l2:/dev/video0",
                            text));
  return CameraSettings{text.substr(0, equals), text.substr(equals + 1), false};
}

Result<void> read_serve_config(const std::string& file, ServerSettings& settings) {
  const auto text = read_text(file);
  if (!text) return fail(text.error());
  if (auto ok = parse_serve_config(*text, file, settings); !ok) return ok;
  const auto& turn = settings.rtc.turn;
  struct stat status {};
  if (std::any_of(turn.begin(), turn.end(), net::has_password) &&
      ::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("{} holds the password of a TURN server and can be read by other "
                            "users; make it yours alone with `chmod 600`, or use "
                            "rtc_turn_password_file",
                            file));
  return {};
}

Result<void> parse_serve_config(std::string_view text, const std::string& file,
                                ServerSettings& settings) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("{}, line {}: {}", file, error.source().begin.line, error.description()));
  }
  TableReader reader(file, table);
  reader.read<std::string>("name", settings.name, "a text");
  reader.read_texts("listen", settings.listen);
  reader.read_texts("doors", settings.doors);
  reader.read<bool>("insecure_lan", settings.insecure_lan, "true or false");
  reader.read<std::string>("state_dir", settings.state_dir, "a text");
  reader.read<std::string>("calibration_dir", settings.calibration_dir, "a text");
  reader.read<std::string>("cert", settings.certificate_file, "a text");
  reader.read<std::string>("key", settings.key_file, "a text");
  reader.read_texts("host_names", settings.host_names);
  reader.read_number("linger_s", settings.linger_s);
  reader.read_count("io_threads", settings.io_threads, 64);
  reader.read_count("encoder_threads", settings.encoder_threads, 64);
  reader.read_count("max_connections", settings.max_connections, 100'000);
  reader.read<std::string>("rtc_stun", settings.rtc.stun, "a text");
  reader.read_texts("rtc_turn", settings.rtc.turn);
  reader.read<std::string>("rtc_turn_password_file", settings.rtc.turn_password_file, "a text");
  std::string auth = settings.auth == AuthMode::Always ? "always" : "remote";
  reader.read_choice("auth", auth, {"remote", "always"});
  const auto* cameras = reader.read_tables("camera");
  if (auto ok = reader.finish(); !ok) return ok;
  settings.auth = auth == "always" ? AuthMode::Always : AuthMode::RemoteOnly;
  if (!cameras) return {};
  settings.cameras.clear();
  for (const auto& item : *cameras) {
    CameraSettings camera;
    TableReader entry(file, *item.as_table());
    entry.read<std::string>("name", camera.name, "a text");
    entry.read<std::string>("uri", camera.uri, "a text");
    entry.read<bool>("always_on", camera.always_on, "true or false");
    if (auto ok = entry.finish(); !ok) return ok;
    for (const char* key : {"name", "uri"})
      if (auto ok = entry.require(key); !ok) return ok;
    settings.cameras.push_back(std::move(camera));
  }
  return {};
}

}  // namespace lenswire::cli
