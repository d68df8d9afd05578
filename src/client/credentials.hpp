// credentials.hpp - the token that a client shows.
#pragma once

#include <string>

#include <lenswire/client.hpp>

namespace lenswire::client {

/// The settings' token, or the first line of its file, or nothing.
///
/// Errors, naming the file: NotFound; PermissionDenied when it cannot be read, or when others than
/// its owner can read it; InvalidArgument when it is empty or longer than 4 KiB.
Result<std::string> read_token(const ClientSettings& settings);

}  // namespace lenswire::client
