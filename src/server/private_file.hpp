// private_file.hpp - small files in the state folder that are there completely or not at all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::server {

/// The whole file, or nothing where there is none.
/// Errors, naming the file: PermissionDenied; InvalidArgument when it is larger than `max_bytes`.
Result<std::optional<std::string>> read_private_file(const std::string& file,
                                                     std::size_t max_bytes);

/// Replaces the file, readable by its owner only; its folder is made where it is missing. When this
/// returns a value, the text is on the disk; else the old file is.
/// Errors, naming the file: PermissionDenied; Busy (no room, or a failing disk).
Result<void> write_private_file(const std::string& file, std::string_view text);

}  // namespace lenswire::server
