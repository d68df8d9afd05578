// profile_request.hpp - how a client asks for another size, rate or format of a camera.
#pragma once

#include <lenswire/result.hpp>
#include <nlohmann/json_fwd.hpp>

#include "base/uri.hpp"

namespace lenswire::server {

/// `{"size": "1280x720", "fps": 30, "format": "mjpeg"}`, some or all of them, as options of the
/// source's URI. No other option may come from outside: some name files of the server.
/// Errors: InvalidArgument, naming the key.
Result<base::OptionChanges> parse_profile_request(const nlohmann::json& map);

}  // namespace lenswire::server
