// convert.hpp - other pixel formats of the same picture.
#pragma once

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Whether convert() knows the way: from YUYV, UYVY, NV12, RGB8, BGR8, Y8 and Y16 to RGB8, BGR8 and
/// Y8.
[[nodiscard]] bool can_convert(PixelFormat from, PixelFormat to) noexcept;

/// Rewrites `in` as `to` into `out`, whose memory is reused.
///
/// Colour is BT.601 in full range, as in JPEG, with c = chroma - 128, rounded half up, clamped:
///   R = Y + 179 c_v / 128,  G = Y - (44 c_u + 91 c_v) / 128,  B = Y + 227 c_u / 128
///   Y = (19595 R + 38470 G + 7471 B) / 65536
/// (at most 1 off the real-valued formula). Chroma is not interpolated: each sample holds for its
/// two (YUYV, UYVY) or four (NV12) pixels. Y8 from those three is the luma as it is; Y16 keeps its
/// high byte. `out` is none of the memory behind `in`.
///
/// Errors: Unsupported (see can_convert()); InvalidArgument when `in` has too little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> convert(const frame::ImageView& in, PixelFormat to, frame::Image& out);

}  // namespace lenswire::filter
