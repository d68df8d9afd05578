// depth_files.hpp - depth images as files: 16-bit PNG and .strata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/strata.hpp>

#include "cli/whole_file.hpp"
#include "frame/image.hpp"

namespace lenswire::cli {

/// One file to read, and what becomes of it.
struct DepthFile {
  std::filesystem::path in;
  std::filesystem::path out;  ///< empty: it is only looked at
  bool named = true;          ///< by the user, rather than found in a folder
};

/// The files that the paths name: a file is itself, a folder all its files with the extension
/// `from`
/// ("png" or "strata"), by name. With `to`, each gets a place in `folder` (empty: beside the file).
///
/// Errors: NotFound (a path that is not there, a folder without such files); InvalidArgument where
/// two files would become one; PermissionDenied.
[[nodiscard]] Result<std::vector<DepthFile>> find_depth_files(const std::vector<std::string>& paths,
                                                              std::string_view from,
                                                              std::string_view to,
                                                              const std::filesystem::path& folder);

/// Errors: InvalidArgument, naming one of the outputs that are there already and how many there
/// are.
[[nodiscard]] Result<void> check_free(const std::vector<DepthFile>& files);

/// "fast", "default", "near 3".
[[nodiscard]] std::string profile_name(strata_profile profile, std::uint32_t near_limit);

/// What was read and written.
struct DepthSizes {
  std::uint64_t raw_bytes = 0;  ///< 2 a pixel
  std::uint64_t png_bytes = 0;
  std::uint64_t strata_bytes = 0;
};

/// Converts files one after the other; keeps its memory.
///
/// Threading: thread-bound.
class DepthConverter {
 public:
  explicit DepthConverter(const strata_options& options)
      : encoder_(options), decoder_(options.threads) {}

  /// PNG to Strata. Nothing where the picture is no 16-bit depth and its file was not named.
  /// Errors, each naming the file: Unsupported (PNG of another depth), Truncated and
  /// InvalidArgument (damaged), those of read_whole_file() and write_whole_file().
  Result<std::optional<DepthSizes>> encode(const DepthFile& file, Existing existing);

  /// Strata to PNG.
  /// Errors, each naming the file: Truncated (cut short, damaged, or its pixels are not those that
  /// were encoded: the message says which), Unsupported (no Strata, or a newer version).
  Result<DepthSizes> decode(const DepthFile& file, Existing existing);

 private:
  StrataEncoder encoder_;
  StrataDecoder decoder_;
  frame::Image image_;
  std::vector<std::byte> encoded_;
};

/// What a .strata file says of itself, and whether it is sound.
struct StrataReport {
  std::filesystem::path file;
  std::uint64_t file_bytes = 0;
  std::optional<strata_info> info;  ///< where the header could be read
  std::uint64_t valid_pixels = 0;
  std::optional<Error> error;  ///< nothing: all checksums are right
  bool checksum_failed = false;

  [[nodiscard]] double ratio() const noexcept;
  /// "right", "wrong" (decoded to other pixels), or "not checked" (could not be decoded).
  [[nodiscard]] std::string_view checksum() const noexcept;
};

/// Reads and decodes one file.
[[nodiscard]] StrataReport inspect_strata(const std::filesystem::path& path,
                                          StrataDecoder& decoder);

}  // namespace lenswire::cli
