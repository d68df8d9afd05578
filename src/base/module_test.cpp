#include "base/module.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/module_for_test.hpp"

namespace lenswire::base {
namespace {

using test::ModuleForTest;
using ::testing::HasSubstr;

TEST(Module, IsFoundBesideTheProgramAndLoadedOnce) {
  const auto first = load_module<ModuleForTest>("test_good");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ((*first)->answer(), 42);
  const auto second = load_module<ModuleForTest>("test_good");
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
}

TEST(Module, LogsThroughTheProgram) {
  const auto module = load_module<ModuleForTest>("test_good");
  ASSERT_TRUE(module) << module.error().message;
  ::testing::internal::CaptureStderr();
  (*module)->answer();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("event=module_greets name=\"good one\""));
}

TEST(Module, ThatIsNotThereIsNamedWithTheFolders) {
  const auto module = load_module<ModuleForTest>("test_absent");
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, ErrorCode::NotFound);
  EXPECT_THAT(module.error().message, HasSubstr("lenswire-test_absent.so"));
  EXPECT_THAT(module.error().message, HasSubstr("lenswire/modules"));
}

TEST(Module, OfAnotherBuildIsRefused) {
  const auto module = load_module<ModuleForTest>("test_foreign");
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, ErrorCode::VersionMismatch);
  EXPECT_THAT(module.error().message, HasSubstr("lenswire 0.0.0"));
}

}  // namespace
}  // namespace lenswire::base
