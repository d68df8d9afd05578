// jpeg_codec.hpp - JPEG and camera MJPEG.
#pragma once

#include "codec/codec.hpp"

namespace lenswire::codec {

/// Takes YUYV, UYVY, NV12, RGB8, BGR8, Y8, and MJPEG and JPEG, which pass. See jpeg_encoder.hpp and
/// jpeg_decoder.hpp.
[[nodiscard]] CodecEntry jpeg_codec() noexcept;

}  // namespace lenswire::codec
