// What looks at CBOR and JSON before a recursive parser does: what it lets pass, the parser must
// take without growing deep.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "wire/depth_limit.hpp"
#include "wire/maps.hpp"

namespace wire = lenswire::wire;
using nlohmann::json;

namespace {

int depth(const json& item) {
  int deepest = 0;
  if (item.is_structured())
    for (const auto& child : item) deepest = std::max(deepest, depth(child));
  return item.is_structured() ? deepest + 1 : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int limit = 8;
  if (wire::cbor_nesting_ok(std::as_bytes(std::span(data, size)), limit)) {
    const auto item =
        json::from_cbor(data, data + size, true, false, json::cbor_tag_handler_t::ignore);
    if (!item.is_discarded() && depth(item) > limit) std::abort();
  }
  const auto object = wire::parse_json_object({reinterpret_cast<const char*>(data), size}, limit);
  if (object) {
    if (!object->is_object() || depth(*object) > limit) std::abort();
    if (const auto settings = wire::settings_from_map(*object); settings && settings->size() > 64)
      std::abort();
  }
  return 0;
}
