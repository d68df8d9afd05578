// dispatch.hpp - the SIMD targets of this build and machine.
#pragma once

#include <span>

#include "decode_kernels.hpp"
#include "encode_kernels.hpp"

namespace lenswire::strata {

struct Target {
  const char* name;
  const DecodeKernels* decode;
  const EncodeKernels* encode;
};

/// Those that this machine can run, best first, scalar last.
[[nodiscard]] std::span<const Target> available_targets() noexcept;

/// The one for new objects.
[[nodiscard]] const Target& current_target() noexcept;
/// False when this machine has no such target.
bool force_target(const char* name) noexcept;

}  // namespace lenswire::strata
