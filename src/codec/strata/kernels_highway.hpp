// kernels_highway.hpp - the SIMD kernels, once per target.
#pragma once

#include <vector>

#include "dispatch.hpp"

namespace lenswire::strata {

/// Adds the targets that this machine can run, best first.
void append_highway_targets(std::vector<Target>& targets);

}  // namespace lenswire::strata
