// sources.hpp - the kinds of sources that this program knows.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::cli {

/// The built-in kinds and those of the client layer.
[[nodiscard]] source::SourceTable all_sources();

}  // namespace lenswire::cli
