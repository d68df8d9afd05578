// picture_file.hpp - one picture from disk, ready to be put into a frame.
#pragma once

#include <filesystem>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::source {

/// Larger JPEG files are refused.
inline constexpr std::uintmax_t kMaxJpegFileBytes = std::uintmax_t{32} << 20;

/// Loads a PNG (decoded: 16-bit grey becomes Z16, 8-bit grey Y8, colour RGB8) or a JPEG (its bytes
/// as they are, format JPEG; size and completeness are read from its markers). The content decides,
/// not the file's name.
///
/// Errors, each naming the file: NotFound, PermissionDenied, InvalidArgument (damaged, or neither
/// PNG nor JPEG), Truncated, Unsupported.
/// Threading: reentrant.
Result<frame::Image> load_picture(const std::filesystem::path& path);

/// Says whether the folder or file can be had, in words for the user: "replay:..." and "image:..."
/// share them.
/// Errors: NotFound, PermissionDenied; InvalidArgument where it is of the other kind.
Result<void> check_folder(const std::filesystem::path& path);
Result<void> check_file(const std::filesystem::path& path);

}  // namespace lenswire::source
