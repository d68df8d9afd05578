// bench_source.hpp - a source that costs nothing, so that what is measured is the rest.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::bench {

/// `bench:jpeg?bytes=76000&fps=30` and `bench:depth?size=640x480&fps=90`: frames that were made
/// before, at exact times.
[[nodiscard]] source::SourceKind bench_source_kind() noexcept;

}  // namespace lenswire::bench
