// source_module.hpp - what a shared object with camera drivers offers.
#pragma once

#include <span>

#include "source/source_table.hpp"

namespace lenswire::source {

/// Sources that need a library most machines do without (docs/decisions/0010-modules.md).
///
/// Threading: thread-safe.
class SourceModule {
 public:
  static constexpr const char* kModuleInterface = "source.SourceModule.2";

  virtual ~SourceModule() = default;

  /// What it gives, by scheme. Its find() answers nothing where the library is not there.
  [[nodiscard]] virtual std::span<const SourceKind> kinds() const noexcept = 0;
};

}  // namespace lenswire::source
