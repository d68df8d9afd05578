// replay_folder.hpp - which pictures a folder holds, in which order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::source::replay {

/// One moment: pictures with the same number. A name is empty where there is no such file.
struct Entry {
  std::uint64_t number = 0;
  std::string depth;
  std::string color;
};

/// At most so many moments are played; a folder with more is refused.
inline constexpr std::size_t kMaxEntries = 1'000'000;

/// Finds `depth_NNN.png` and `color_NNN.jpg|jpeg|png` (up to nine digits) and orders them by their
/// numbers; other files are no concern of ours. Of two colour files with one number the JPEG is
/// taken.
///
/// Errors: those of check_folder(); InvalidArgument for a folder with no such file.
Result<std::vector<Entry>> scan_folder(const std::filesystem::path& folder);

/// The number in "`prefix`NNN`suffix`"; nothing for another name.
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view name, std::string_view prefix,
                                                     std::string_view suffix) noexcept;

}  // namespace lenswire::source::replay
