#include "source/source_runner.hpp"

#include <gtest/gtest.h>

namespace lenswire::source {

TEST(SourceState, HasAStableName) {
  EXPECT_EQ(to_string(SourceState::Idle), "idle");
  EXPECT_EQ(to_string(SourceState::Stopping), "stopping");
}

}  // namespace lenswire::source
