// A module of another build.
#include <cstdlib>
#include <string>

#include "base/module.hpp"

extern "C" __attribute__((visibility("default"))) const lenswire::base::ModuleEntry*
lenswire_module() {
  static constexpr lenswire::base::ModuleEntry entry{
      "lenswire 0.0.0", "test.ModuleForTest.1",
      [](const lenswire::base::ModuleHost&, std::string&) -> void* { std::abort(); }};
  return &entry;
}
