// remote_source.hpp - a camera of another lenswire server as a source of this one.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::client {

/// `lenswire://host[:port]/camera` (and `lenswires://`): relays every stream of that camera as it
/// is, exact depth included. Options, as a query: `token_file=PATH`, `ca_file=PATH`,
/// `pin_sha256=HEX`, `insecure=1`, `timeout=SECONDS` (10: without a frame for so long the
/// connection is made anew).
///
/// A run ends when the connection does: the source runner begins the next one.
[[nodiscard]] source::SourceKind remote_source_kind() noexcept;
/// The same for `lenswires:`.
[[nodiscard]] source::SourceKind remote_tls_source_kind() noexcept;

}  // namespace lenswire::client
