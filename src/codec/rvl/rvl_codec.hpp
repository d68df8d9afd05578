// rvl_codec.hpp - RVL in the codec table.
#pragma once

#include "codec/codec.hpp"

namespace lenswire::codec {

/// Z16 and Y16, exact.
[[nodiscard]] CodecEntry rvl_codec() noexcept;

}  // namespace lenswire::codec
