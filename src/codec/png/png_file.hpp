// png_file.hpp - PNG files on disk.
#pragma once

#include <filesystem>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::codec {

/// Reads a picture: 16-bit grey becomes Z16, 8-bit grey Y8, RGB and RGBA (alpha dropped) RGB8.
///
/// Errors, each naming the file and what is wrong with it: NotFound, PermissionDenied, Truncated,
/// InvalidArgument (damaged, or no PNG), Unsupported (interlaced, palette, other depths).
/// Threading: reentrant.
[[nodiscard]] Result<frame::Image> read_png(const std::filesystem::path& path);

/// Writes a picture of a format that png_codec() accepts, replacing the file. A file that could not
/// be written completely is removed.
///
/// Errors: Unsupported, InvalidArgument, NotFound (no such folder), PermissionDenied, Closed (disk
/// full or failing).
/// Threading: reentrant.
[[nodiscard]] Result<void> write_png(const std::filesystem::path& path,
                                     const frame::ImageView& image);

}  // namespace lenswire::codec
