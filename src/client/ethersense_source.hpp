// ethersense_source.hpp - a camera of an original EtherSense server as a source.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::client {

/// `ethersense:[HOST or interface]`: listens, pings, and takes one server that calls back: with a
/// host only that one, with an interface's name one from that network, else any that no other
/// source has. Options: `port` (1024, to listen on), `ping-port` (as `port`), `ping` (5: seconds
/// between pings, at least), `timeout` (10: seconds without a frame), `unit_mm` (1).
///
/// A uint16 picture is the stream `depth`; a uint8 one, of a server that saves bandwidth, is
/// `gray`.
[[nodiscard]] source::SourceKind ethersense_source_kind() noexcept;

}  // namespace lenswire::client
