// driver_host.hpp - the inside of the program lenswire-driver.
#pragma once

#include "base/unique_fd.hpp"
#include "source/source_table.hpp"

namespace lenswire::source::driver {

/// Serves one source of this kind to whoever is at the other end of `channel`, until that goes or
/// the source ended. The process should end at once then, without running any clean-up of the
/// driver's libraries.
void serve_driver(const SourceKind& kind, base::UniqueFd channel);

/// Where there is no such kind: says why, to whoever asks first.
void refuse_driver(const Error& why, base::UniqueFd channel);

}  // namespace lenswire::source::driver
