// raw_codec.hpp - pixels as they are, rows packed.
#pragma once

#include "codec/codec.hpp"

namespace lenswire::codec {

/// Takes every format. Rows lose their padding; a compressed picture passes unchanged.
[[nodiscard]] CodecEntry raw_codec() noexcept;

}  // namespace lenswire::codec
