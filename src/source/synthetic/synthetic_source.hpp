// synthetic_source.hpp - synthetic:room and synthetic:ball, cameras without hardware.
#pragma once

#include "source/source_table.hpp"

namespace lenswire::source {

/// `synthetic:room` and `synthetic:ball`. Options: see docs/sources.md.
/// Errors: InvalidArgument for another path or a bad option.
Result<std::unique_ptr<Source>> make_synthetic_source(base::SourceUri uri,
                                                      const SourceContext& context);

}  // namespace lenswire::source
