#include "server/openapi.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "server/http_api.hpp"
#include "server/version.hpp"

namespace lenswire::server {

using nlohmann::json;

json openapi_document() {
  json paths = json::object();
  for (const auto& route : http_routes()) {
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    json operation = {{"summary", route.summary},
                      {"x-role", to_string(route.role)},
                      {"responses",
                       {{"200", {{"description", "done"}}},
                        {"default", {{"description", "{\"error\", \"message\"}"}}}}}};
    auto& parameters = operation["parameters"] = json::array();
    for (auto rest = route.pattern; rest.find('{') != std::string_view::npos;) {
      rest.remove_prefix(rest.find('{') + 1);
      parameters.push_back({{"name", rest.substr(0, rest.find('}'))},
                            {"in", "path"},
                            {"required", true},
                            {"schema", {{"type", "string"}}}});
    }
    if (route.pattern.starts_with("/cameras/"))
      for (const auto* name : {"fps", "quality", "scale", "region", "filter", "min_m", "max_m",
                               "colormap", "range", "policy", "ticket"})
        parameters.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}});
    paths[std::string(route.pattern)][method] = std::move(operation);
  }
  return {{"openapi", "3.0.3"},
          {"info", {{"title", "lenswire"}, {"version", kVersion}}},
          {"paths", std::move(paths)}};
}

json describe_server(const Services& services) {
  return {
      {"name", services.name},
      {"server", std::string("lenswire ") + kVersion},
      {"uptime_s", std::chrono::duration<double>(services.clock.now() - services.started).count()},
      {"clients", services.connections.total()},
      {"cameras", services.cameras.size()},
      {"monotonic_ns", to_ns(services.clock.now())},
      {"utc_ns", to_ns(services.clock.now_utc())}};
}

std::string decode_base64(std::string_view text) {
  constexpr std::size_t max_bytes = 1024;
  if (text.empty() || text.size() > max_bytes || text.size() % 4 != 0) return {};
  if (text.find('=') < text.size() - 2) return {};  // only the end may be padding
  std::string out(text.size() / 4 * 3, '\0');
  const int got = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                  reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()));
  if (got < 0) return {};
  const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
  out.resize(static_cast<std::size_t>(got) - padding);
  return out;
}

}  // namespace lenswire::server
