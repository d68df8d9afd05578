// A module that says what it was given.
#include "base/module_for_test.hpp"

namespace {

class Greeter final : public lenswire::test::ModuleForTest {
 public:
  int answer() override {
    lenswire::base::log_warning("module_greets", {{"name", "good one"}});
    return 42;
  }
};

lenswire::Result<std::unique_ptr<lenswire::test::ModuleForTest>> make() {
  return std::make_unique<Greeter>();
}

}  // namespace

LENSWIRE_MODULE(lenswire::test::ModuleForTest, make)
