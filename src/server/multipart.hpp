// multipart.hpp - the text around pictures in multipart/x-mixed-replace.
#pragma once

#include <string>
#include <string_view>

#include "hub/encoded_frame.hpp"

namespace lenswire::server {

inline constexpr std::string_view kBoundary = "lenswire-frame";

/// What precedes a picture: boundary, type, length, X-Timestamp (Unix seconds), X-Sequence; with a
/// ball whose place is known also X-Ball (x, y and radius in px) and X-Capture-Time-Ns (the
/// server's monotonic clock).
[[nodiscard]] std::string multipart_head(const hub::EncodedFrame& frame);

/// Unix seconds with 6 decimals of the frame's capture time.
[[nodiscard]] std::string unix_timestamp(const Frame& frame);

}  // namespace lenswire::server
