// json_codec.hpp - skeletons as JSON, for clients that would rather not read bytes.
#pragma once

#include "codec/codec.hpp"

namespace lenswire::codec {

[[nodiscard]] CodecEntry json_codec() noexcept;

}  // namespace lenswire::codec
