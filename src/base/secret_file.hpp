// secret_file.hpp - a secret that is the first line of a file.
#pragma once

#include <string>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::base {

/// The first line of `path`. `what` names the secret in errors: "token".
///
/// Errors, naming the file: NotFound; PermissionDenied when it cannot be read, or when others than
/// its owner can read it; InvalidArgument when it is empty or longer than 4 KiB.
Result<std::string> read_secret_file(const std::string& path, std::string_view what);

}  // namespace lenswire::base
