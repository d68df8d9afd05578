#include "source/replay/replay_folder.hpp"

#include <fmt/format.h>

#include <map>
#include <system_error>

#include "source/picture_file.hpp"

namespace lenswire::source::replay {

std::optional<std::uint64_t> number_in(std::string_view name, std::string_view prefix,
                                       std::string_view suffix) noexcept {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  if (name.size() <= prefix.size() + suffix.size()) return std::nullopt;
  const auto digits = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  if (digits.size() > 9) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

Result<std::vector<Entry>> scan_folder(const std::filesystem::path& folder) {
  if (const auto there = check_folder(folder); !there) return fail(there.error());
  std::map<std::uint64_t, Entry> found;
  std::error_code error;
  for (std::filesystem::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    const auto name = file->path().filename().string();
    if (const auto depth = number_in(name, "depth_", ".png")) {
      found[*depth].depth = name;
    } else if (const auto jpg = number_in(name, "color_", ".jpg")) {
      found[*jpg].color = name;
    } else if (const auto jpeg = number_in(name, "color_", ".jpeg")) {
      found[*jpeg].color = name;
    } else if (const auto png = number_in(name, "color_", ".png")) {
      auto& color = found[*png].color;
      if (color.empty()) color = name;
    }
    if (found.size() > kMaxEntries)
      return fail(ErrorCode::Unsupported,
                  fmt::format("{} holds more than {} pictures", folder.string(), kMaxEntries));
  }
  if (error)
    return fail(ErrorCode::Disconnected,
                fmt::format("{} cannot be listed: {}", folder.string(), error.message()));
  if (found.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} holds no picture to replay; it needs files named depth_000.png "
                            "(16 bit) and/or color_000.jpg or .png, numbered upwards",
                            folder.string()));
  std::vector<Entry> entries;
  entries.reserve(found.size());
  for (auto& [number, entry] : found) {
    entry.number = number;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace lenswire::source::replay
