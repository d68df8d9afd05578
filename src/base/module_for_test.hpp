// module_for_test.hpp - the interface of the modules that the loader's tests load.
#pragma once

#include "base/module.hpp"

namespace lenswire::test {

class ModuleForTest {
 public:
  static constexpr const char* kModuleInterface = "test.ModuleForTest.1";
  virtual ~ModuleForTest() = default;
  virtual int answer() = 0;
};

}  // namespace lenswire::test
