// camera2tcp_source.hpp - a camera of an original Camera2TCP server as a source.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::client {

/// `camera2tcp://host[:port]/SERVICE` with SERVICE RGBWebcam, SimpleImage, KinectWebcam or
/// KinectDepth, or the words of before April 2017, RGB, RGBHD and Depth, which are asked for
/// without a handshake. The port is 8080 unless given. Options, as a query: `fps=30` (at most so
/// many pictures a second are asked for), `timeout=SECONDS` (5: a server that sends nothing for so
/// long has failed), `gzip=auto|0|1` (auto: Kinect pictures are looked at), `size=WxH` (of a server
/// that knows no handshake).
///
/// A run ends when the connection does or when the server has cut a picture short: the source
/// runner begins the next one.
[[nodiscard]] source::SourceKind camera2tcp_source_kind() noexcept;

}  // namespace lenswire::client
