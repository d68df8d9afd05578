// whole_file.hpp - files that are there completely or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::cli {

/// Why a file or folder cannot be written, with what to do.
[[nodiscard]] tl::unexpected<Error> write_failure(const std::filesystem::path& path, int error);

/// Writes all of it to an open descriptor.
/// Errors: those of write_failure(), naming `path`.
Result<void> write_all(int fd, std::span<const std::byte> bytes, const std::filesystem::path& path);

enum class Existing : std::uint8_t { Replace, Refuse };

/// Writes under a temporary name and renames: a reader of the folder sees a whole file or none.
/// Errors: those of write_failure(); with Refuse, InvalidArgument where the file is there already.
Result<void> write_whole_file(const std::filesystem::path& path, std::span<const std::byte> bytes,
                              Existing existing = Existing::Replace);

/// Errors, naming the file: NotFound, PermissionDenied, InvalidArgument (no file, or larger than
/// `max_bytes`), Busy (failing disk).
Result<std::vector<std::byte>> read_whole_file(const std::filesystem::path& path,
                                               std::uintmax_t max_bytes);

}  // namespace lenswire::cli
