// serve_config.hpp - the configuration file of `lenswire serve`.
#pragma once

#include <string>
#include <string_view>

#include <lenswire/result.hpp>
#include <lenswire/server.hpp>

namespace lenswire::cli {

/// Reads a TOML file into settings; docs/manual.md lists the keys. What the file does not name
/// stays as it is.
/// Errors: NotFound; PermissionDenied, also where others may read a password in it;
/// InvalidArgument naming file, line and key.
Result<void> read_serve_config(const std::string& file, ServerSettings& settings);

/// The same with the text at hand; `file` is for messages.
Result<void> parse_serve_config(std::string_view text, const std::string& file,
                                ServerSettings& settings);

/// "NAME=URI".
Result<CameraSettings> parse_camera_option(const std::string& text);

}  // namespace lenswire::cli
