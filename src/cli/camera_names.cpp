#include "cli/camera_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/uri.hpp"
#include "server/private_file.hpp"
#include "wire/depth_limit.hpp"

namespace lenswire::cli {
namespace {

using nlohmann::json;
using source::FoundSource;
using source::KnownBy;

// A device's words as text that any file can hold and that compares equal when it is read back.
std::string plain(std::string_view text) {
  std::string out(text.substr(0, CameraNames::kMaxTextBytes));
  for (auto& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out;
}

struct Traits {
  KnownBy known_by;
  std::string device;
  std::string place;
};

Traits traits_of(const FoundSource& found) {
  if (found.known_by != KnownBy::Uri)
    return {found.known_by, plain(found.device), plain(found.place)};
  // "openni2:1d27/0601@2/5": what stands behind the @ is where it is plugged in.
  const auto at = found.uri.find('@');
  return {
      KnownBy::Device, plain(std::string_view(found.uri).substr(0, at)),
      at == std::string::npos ? std::string() : plain(std::string_view(found.uri).substr(at + 1))};
}

// "cam7" is 7; other names come behind all numbers.
std::pair<std::size_t, std::string> order_of(const std::string& name) {
  std::size_t number = 0;
  const char* end = name.data() + name.size();
  if (!name.starts_with("cam")) return {SIZE_MAX, name};
  const auto [stop, error] = std::from_chars(name.data() + 3, end, number);
  return {error == std::errc() && stop == end ? number : SIZE_MAX, name};
}

}  // namespace

Result<CameraNames> CameraNames::parse(std::string_view text) {
  const auto wrong = [](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, std::string(why));
  };
  if (text.size() > kMaxFileBytes) return wrong("too large");
  const auto map = wire::parse_json_object(text);
  if (!map) return fail(map.error());
  const auto list = map->find("cameras");
  if (list == map->end() || !list->is_array()) return wrong("'cameras' must be a list");
  if (list->size() > kMaxRemembered)
    return wrong(fmt::format("more than {} cameras", kMaxRemembered));
  CameraNames out;
  std::set<std::string> names;
  std::set<std::pair<std::string, std::string>> devices;
  for (const auto& entry : *list) {
    if (!entry.is_object()) return wrong("a camera must be a map");
    Known known;
    for (const auto& [key, value] :
         {std::pair{"name", &known.name}, {"device", &known.device}, {"place", &known.place}}) {
      const auto given = entry.find(key);
      const auto* given_text =
          given == entry.end() ? nullptr : given->get_ptr<const std::string*>();
      if (given_text == nullptr || given_text->size() > kMaxTextBytes ||
          plain(*given_text) != *given_text)
        return wrong(fmt::format("a camera's '{}' must be a text of at most {} plain characters",
                                 key, kMaxTextBytes));
      *value = *given_text;
    }
    const auto there = entry.find("there");
    if (there == entry.end() || !there->is_boolean())
      return wrong("a camera's 'there' must be true or false");
    known.there = there->get<bool>();
    if (!base::is_valid_name(known.name))
      return wrong("a camera's 'name' may have 1 to 64 letters, digits, '.', '_' and '-'");
    if (!names.insert(known.name).second)
      return wrong(fmt::format("two cameras are named '{}'", known.name));
    if (!devices.emplace(known.device, known.place).second)
      return wrong(fmt::format("'{}' has two names", known.device));
    out.known_.push_back(std::move(known));
  }
  return out;
}

std::string CameraNames::to_text() const {
  auto list = json::array();
  for (const auto& known : known_)
    list.push_back({{"name", known.name},
                    {"device", known.device},
                    {"place", known.place},
                    {"there", known.there}});
  return json({{"cameras", std::move(list)}}).dump(2) + "\n";
}

std::string CameraNames::free_name(const std::set<std::string>& taken) const {
  for (std::size_t number = 0;; ++number) {
    auto name = fmt::format("cam{}", number);
    if (taken.contains(name)) continue;
    if (std::none_of(known_.begin(), known_.end(),
                     [&](const Known& known) { return known.name == name; }))
      return name;
  }
}

std::vector<CameraSettings> CameraNames::assign(std::span<const FoundSource> found) {
  std::vector<Traits> traits;
  for (const auto& one : found) traits.push_back(traits_of(one));
  std::vector<std::optional<std::size_t>> match(found.size());  // into known_
  std::set<std::size_t> claimed;
  const auto claim = [&](auto&& may_be) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (match[i] || traits[i].known_by == KnownBy::Nothing) continue;
      for (std::size_t k = 0; k < known_.size() && !match[i]; ++k)
        if (!claimed.contains(k) && known_[k].device == traits[i].device && may_be(i, k)) {
          match[i] = k;
          claimed.insert(k);
        }
    }
  };
  claim([&](std::size_t i, std::size_t k) { return known_[k].place == traits[i].place; });
  // One is missing and one like it appeared: it was moved. With two of them nobody can tell which
  // is which; a serial number makes one like no other. Those that were there the last time are
  // asked first.
  for (const bool only_there : {true, false}) {
    std::map<std::string, std::size_t> missing, appeared;
    for (std::size_t k = 0; k < known_.size(); ++k)
      if (!claimed.contains(k) && (known_[k].there || !only_there)) ++missing[known_[k].device];
    for (std::size_t i = 0; i < found.size(); ++i)
      if (!match[i]) ++appeared[traits[i].device];
    claim([&](std::size_t i, std::size_t k) {
      const auto& device = traits[i].device;
      return missing[device] == 1 && appeared[device] == 1 && (known_[k].there || !only_there);
    });
  }

  std::vector<CameraSettings> cameras;
  std::vector<Known> next;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto name = match[i] ? known_[*match[i]].name : free_name(taken);
    taken.insert(name);
    cameras.push_back({name, found[i].uri, false});
    const bool twin = std::any_of(next.begin(), next.end(), [&](const Known& known) {
      return known.device == traits[i].device && known.place == traits[i].place;
    });
    if (traits[i].known_by != KnownBy::Nothing && !twin)
      next.push_back({name, traits[i].device, traits[i].place, true});
  }
  for (std::size_t k = 0; k < known_.size(); ++k)
    if (!claimed.contains(k)) {
      known_[k].there = false;
      next.push_back(std::move(known_[k]));
    }
  if (next.size() > kMaxRemembered) next.resize(kMaxRemembered);
  known_ = std::move(next);
  std::sort(cameras.begin(), cameras.end(),
            [](const auto& a, const auto& b) { return order_of(a.name) < order_of(b.name); });
  return cameras;
}

std::vector<CameraSettings> name_found_cameras(std::span<const FoundSource> found,
                                               const std::string& file) {
  CameraNames names;
  if (file.empty()) {
    base::log_warning("camera_names_not_kept",
                      {{"reason", "there is no folder for them; give one with --state-dir"}});
    return names.assign(found);
  }
  const auto unreadable = [&file](const std::string& why) {
    base::log_warning("camera_names_unreadable",
                      {{"reason", fmt::format("{}; mend the file or delete it; until then cameras "
                                              "are named in the order they are found",
                                              why.starts_with(file) ? why : file + ": " + why)}});
  };
  const auto text = server::read_private_file(file, CameraNames::kMaxFileBytes);
  if (!text) {
    unreadable(text.error().message);
    return names.assign(found);
  }
  if (*text) {
    auto parsed = CameraNames::parse(**text);
    if (!parsed) {
      unreadable(parsed.error().message);
      return names.assign(found);
    }
    names = std::move(*parsed);
  }
  const auto before = names;
  auto cameras = names.assign(found);
  if (names == before) return cameras;
  if (auto kept = server::write_private_file(file, names.to_text()); !kept)
    base::log_warning("camera_names_not_kept",
                      {{"reason", fmt::format("{}; another camera may have these names after the "
                                              "next start",
                                              kept.error().message)}});
  return cameras;
}

}  // namespace lenswire::cli
