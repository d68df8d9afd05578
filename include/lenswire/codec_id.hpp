// codec_id.hpp - the codecs' numbers on the wire.
#pragma once

#include <cstdint>

namespace lenswire {

/// Never renumbered. The names are in docs/protocol.md.
enum class CodecId : std::uint8_t {
  Raw = 0,     ///< packed rows
  Jpeg = 1,    ///< baseline JPEG
  Png = 2,     ///< 8 or 16 bit
  Strata = 3,  ///< exact depth, see docs/strata.md
  Rvl = 4,     ///< exact depth, A. D. Wilson 2017
  Json = 5,    ///< skeletons as text, see docs/skeleton.md
};

}  // namespace lenswire
