// push_listen_source.hpp - pictures that somebody pushes, as a source.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::client {

/// `push-listen:[HOST:]PORT` (5038 on loopback unless given): takes what `lenswire push`, the
/// RealSense streaming applications or anything else sends as an endless POST of JPEG parts, and
/// offers it as the JPEG stream "color". Options, as a query: `stream-id=TEXT` (none: any that no
/// other camera on this port asks for), `tls=0|1` (default: whatever comes), `cert=FILE&key=FILE`
/// (default: a self-signed pair for this run), and `split=1`, which decodes and gives the left half
/// as "color" (rgb8) and the right half as "depth" (z16 in steps of 10 m / 255, as exact as a JPEG
/// is).
///
/// The port opens with the first run and stays open while the camera is configured, so senders are
/// not turned away when nobody watches.
[[nodiscard]] source::SourceKind push_listen_source_kind() noexcept;

}  // namespace lenswire::client
