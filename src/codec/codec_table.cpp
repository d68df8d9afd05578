#include <array>

#include "codec/codec.hpp"
#include "codec/jpeg/jpeg_codec.hpp"
#include "codec/json/json_codec.hpp"
#include "codec/png/png_codec.hpp"
#include "codec/raw/raw_codec.hpp"
#include "codec/rvl/rvl_codec.hpp"
#include "codec/strata/strata_codec.hpp"

namespace lenswire::codec {
namespace {

// One line per codec; this and the codec's folder are all that a new one takes.
const auto& table() noexcept {
  static const std::array entries = {
      raw_codec(), jpeg_codec(), png_codec(), rvl_codec(), strata_codec(), json_codec(),
  };
  return entries;
}

}  // namespace

std::span<const CodecEntry> codec_table() noexcept { return table(); }

const CodecEntry* find_codec(CodecId id) noexcept {
  for (const auto& entry : table())
    if (entry.id == id) return &entry;
  return nullptr;
}

const CodecEntry* find_codec(std::string_view name) noexcept {
  for (const auto& entry : table())
    if (entry.name == name) return &entry;
  return nullptr;
}

}  // namespace lenswire::codec
