// openapi.hpp - the API's description, made from the table of routes.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace lenswire::server {

class Services;

/// OpenAPI 3.0.
[[nodiscard]] nlohmann::json openapi_document();

/// What GET /api/v1/server and the native op `server` answer.
[[nodiscard]] nlohmann::json describe_server(const Services& services);

/// Empty for what is not base64.
[[nodiscard]] std::string decode_base64(std::string_view text);

}  // namespace lenswire::server
