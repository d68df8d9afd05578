#include "wire/calibration/yaml_values.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wire/calibration/calibration_map.hpp"

namespace lenswire::wire {
namespace {

constexpr std::size_t kMaxValues = 512;
constexpr std::size_t kMaxMembers = 4096;
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxKeyBytes = 64;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<YamlValues> read() {
    while (at_ < text_.size() && error_.empty() && !ended_) read_line();
    if (!error_.empty())
      return fail(ErrorCode::InvalidArgument, fmt::format("line {}: {}", line_, error_));
    return std::move(values_);
  }

 private:
  struct Level {
    std::size_t indent;
    std::string path;  // of the map whose keys are indented more
  };

  void complain(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char now() const { return done() ? '\n' : text_[at_]; }
  void skip_blanks() {
    while (!done() && is_blank(now())) ++at_;
  }
  void skip_line() {
    while (!done() && now() != '\n') ++at_;
    if (!done()) ++at_;
    ++line_;
  }
  // To the end of the line; only a comment may stand there.
  void finish_line() {
    const auto start = at_;
    skip_blanks();
    if (!done() && now() != '\n' && !(now() == '#' && (at_ > start || at_ == 0)))
      return complain("something stands after the value");
    skip_line();
  }

  void read_line() {
    const auto start = at_;
    while (!done() && now() == ' ') ++at_;
    const auto indent = at_ - start;
    if (!done() && now() == '\t') return complain("a tab at the beginning of the line; use spaces");
    skip_blanks();
    const auto rest = text_.substr(at_, 3);
    if (done() || now() == '\n' || now() == '#' || (indent == 0 && now() == '%'))
      return skip_line();
    if (indent == 0 && rest == "---") {
      if (!values_.empty() || !open_.empty()) ended_ = true;
      at_ += 3;
      return finish_line();
    }
    if (indent == 0 && rest == "...") {
      ended_ = true;
      return;
    }
    if (now() == '-' && at_ + 1 < text_.size() && (is_blank(text_[at_ + 1])))
      return read_dash(indent);
    read_key(indent);
  }

  void read_dash(std::size_t indent) {
    if (open_.empty() || indent < open_indent_) return complain("a list without a name");
    ++at_;
    skip_blanks();
    if (auto member = scalar(""); error_.empty()) add(open_, std::move(member));
    if (error_.empty()) finish_line();
  }

  void read_key(std::size_t indent) {
    while (!levels_.empty() && levels_.back().indent >= indent) levels_.pop_back();
    const auto key = scalar(":");
    if (!error_.empty()) return;
    if (now() != ':') return complain("expected `name: value`");
    ++at_;
    if (key.empty() || key.size() > kMaxKeyBytes)
      return complain("a name of no or more than 64 characters");
    const auto path = levels_.empty() ? key : levels_.back().path + "." + key;
    if (values_.contains(path)) return complain(fmt::format("'{}' comes twice", path));
    skip_blanks();
    skip_tag();
    if (now() == '\n' || now() == '#') {
      if (levels_.size() >= kMaxDepth) return complain("more than 8 levels");
      levels_.push_back({indent, path});
      open_ = path;
      open_indent_ = indent;
      return skip_line();
    }
    open_.clear();
    read_value(path, levels_.size());
    if (error_.empty()) finish_line();
  }

  void skip_tag() {
    if (now() != '!') return;
    while (!done() && !is_blank(now()) && now() != '\n') ++at_;
    skip_blanks();
  }

  // Inside brackets lines do not count.
  void skip_space() {
    while (!done()) {
      if (now() == '#') {
        while (!done() && now() != '\n') ++at_;
      } else if (now() == '\n') {
        ++at_;
        ++line_;
      } else if (is_blank(now())) {
        ++at_;
      } else {
        return;
      }
    }
  }

  void read_value(const std::string& path, std::size_t depth) {
    if (depth > kMaxDepth) return complain("more than 8 levels");
    if (now() == '[') return read_list(path, depth);
    if (now() == '{') return read_map(path, depth);
    if (now() == '&' || now() == '*' || now() == '|' || now() == '>')
      return complain("YAML's anchors and block texts have no place in a calibration");
    auto value = scalar(depth > levels_.size() ? ",]}" : "");
    if (error_.empty()) add(path, std::move(value));
  }

  void read_list(const std::string& path, std::size_t depth) {
    ++at_;
    bool any = false;
    if (values_.size() < kMaxValues) values_[path];  // an empty list is a value too
    while (error_.empty()) {
      skip_space();
      if (done()) return complain("a list without an end");
      if (now() == ']') break;
      if (any) {
        if (now() != ',') return complain("expected a comma in the list");
        ++at_;
        skip_space();
        if (now() == ']') break;  // as Python's printing may leave it
      }
      any = true;
      // Rows of a matrix are joined.
      read_value(path, std::max(depth, levels_.size()) + 1);
    }
    ++at_;
  }

  void read_map(const std::string& path, std::size_t depth) {
    ++at_;
    bool any = false;
    while (error_.empty()) {
      skip_space();
      if (done()) return complain("a map without an end");
      if (now() == '}') break;
      if (any) {
        if (now() != ',') return complain("expected a comma in the map");
        ++at_;
        skip_space();
      }
      any = true;
      const auto key = scalar(":,}");
      if (!error_.empty()) return;
      if (now() != ':' || key.empty() || key.size() > kMaxKeyBytes)
        return complain("expected `name: value` in the map");
      ++at_;
      skip_space();
      skip_tag();
      const auto inner = path + "." + key;
      if (values_.contains(inner)) return complain(fmt::format("'{}' comes twice", inner));
      read_value(inner, std::max(depth, levels_.size()) + 1);
    }
    ++at_;
  }

  // A quoted text, or all up to the end of the line, a comment or one of `ends`.
  std::string scalar(std::string_view ends) {
    if (now() == '"' || now() == '\'') {
      const char quote = now();
      const auto end = text_.find_first_of(std::string{quote, '\n'}, at_ + 1);
      if (end == std::string_view::npos || text_[end] == '\n') {
        complain("a quote without an end");
        return {};
      }
      std::string out(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      if (!ends.empty()) skip_blanks();
      return out;
    }
    const auto start = at_;
    while (!done() && now() != '\n' && ends.find(now()) == std::string_view::npos) {
      if (now() == '#' && at_ > start && is_blank(text_[at_ - 1])) break;
      ++at_;
    }
    auto end = at_;
    while (end > start && is_blank(text_[end - 1])) --end;
    at_ = std::max(end, ends.empty() ? end : at_);
    return std::string(text_.substr(start, end - start));
  }

  void add(const std::string& path, std::string value) {
    if (++members_ > kMaxMembers || (!values_.contains(path) && values_.size() >= kMaxValues))
      return complain("too many values for a calibration");
    values_[path].push_back(std::move(value));
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::vector<Level> levels_;
  std::string open_;  // a name whose value follows in later lines
  std::size_t open_indent_ = 0;
  std::size_t members_ = 0;
  bool ended_ = false;
  YamlValues values_;
  std::string error_;
};

}  // namespace

Result<YamlValues> parse_yaml_values(std::string_view text) {
  if (text.size() > kMaxCalibrationBytes)
    return fail(ErrorCode::InvalidArgument, "a calibration file has at most 64 KiB");
  if (text.find('\0') != std::string_view::npos)
    return fail(ErrorCode::InvalidArgument, "this is no text");
  return Reader(text).read();
}

}  // namespace lenswire::wire
