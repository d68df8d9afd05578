// depth_limit.hpp - looks at CBOR and JSON before a recursive parser does.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <lenswire/result.hpp>
#include <nlohmann/json_fwd.hpp>

namespace lenswire::wire {

/// Whether this is one well-formed CBOR item (RFC 8949) of definite lengths, nested at most
/// `max_nesting` deep, and nothing after it. Needs no recursion and no memory.
[[nodiscard]] bool cbor_nesting_ok(std::span<const std::byte> data, int max_nesting) noexcept;

/// Parses JSON text of at most `max_nesting` levels that must be an object.
/// Errors: InvalidArgument.
Result<nlohmann::json> parse_json_object(std::string_view text, int max_nesting = 32);

}  // namespace lenswire::wire
