// simd.hpp - which of a kernel's two twins runs.
#pragma once

namespace lenswire::base {

/// True when LENSWIRE_FORCE_SCALAR=1 stood in the environment at the first call, or when the build
/// has no Highway: every kernel then takes its scalar twin, whose output is the same.
///
/// Threading: thread-safe.
[[nodiscard]] bool force_scalar() noexcept;

}  // namespace lenswire::base
