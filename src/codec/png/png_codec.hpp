// png_codec.hpp - exact pictures that every program can open.
#pragma once

#include "codec/codec.hpp"

namespace lenswire::codec {

/// Takes Z16 and Y16 (16-bit grey), Y8, RGB8 and BGR8.
[[nodiscard]] CodecEntry png_codec() noexcept;

}  // namespace lenswire::codec
