#include "wire/depth_limit.hpp"

#include <array>
#include <cstdint>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/byte_reader.hpp"

namespace lenswire::wire {
namespace {

constexpr int kHardMaxNesting = 64;

// The argument of an initial byte, or a failed reader for indefinite lengths and reserved values.
std::uint64_t argument(base::ByteReader& reader, std::uint8_t low_bits) noexcept {
  switch (low_bits) {
    case 24:
      return reader.big<std::uint8_t>();
    case 25:
      return reader.big<std::uint16_t>();
    case 26:
      return reader.big<std::uint32_t>();
    case 27:
      return reader.big<std::uint64_t>();
    default:
      if (low_bits > 27) reader.fail();
      return low_bits;
  }
}

}  // namespace

bool cbor_nesting_ok(std::span<const std::byte> data, int max_nesting) noexcept {
  base::ByteReader reader(data);
  std::array<std::uint64_t, kHardMaxNesting> left{};  // items still to come, per open container
  int depth = 0;
  left[0] = 1;
  while (true) {
    while (left[static_cast<std::size_t>(depth)] == 0) {
      if (depth == 0) return reader.remaining() == 0;
      --depth;
    }
    --left[static_cast<std::size_t>(depth)];
    const auto initial = reader.u8();
    const auto major = initial >> 5;
    const auto value = argument(reader, initial & 0x1f);
    if (!reader.ok()) return false;
    switch (major) {
      case 2:
      case 3:
        reader.skip(value);
        break;
      case 4:
      case 5: {
        // Every item takes a byte at least, so larger counts are lies.
        if (value > reader.remaining()) return false;
        if (++depth >= max_nesting || depth >= kHardMaxNesting) return false;
        left[static_cast<std::size_t>(depth)] = major == 5 ? 2 * value : value;
        break;
      }
      case 6:
        return false;  // tags: nothing in the protocol uses them
      default:
        break;
    }
    if (!reader.ok()) return false;
  }
}

Result<nlohmann::json> parse_json_object(std::string_view text, int max_nesting) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_nesting)
        return fail(ErrorCode::InvalidArgument, "JSON is nested deeper than 32 levels");
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::InvalidArgument, "expected a JSON object");
  return json;
}

}  // namespace lenswire::wire
