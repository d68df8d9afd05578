// module_source.hpp - the source kinds whose code is in a module of the scheme's name.
#pragma once

#include <string_view>
#include <vector>

#include "source/source_table.hpp"

namespace lenswire::source {

/// For the table of sources: loads the module that is named like the scheme, and asks it.
/// Errors: those of base::load_module(), which name the file and the remedy; the module's own.
Result<std::unique_ptr<Source>> make_module_source(base::SourceUri uri,
                                                   const SourceContext& context);

/// What the module finds; nothing where there is no such module.
[[nodiscard]] std::vector<FoundSource> find_module_sources(std::string_view scheme);

}  // namespace lenswire::source
