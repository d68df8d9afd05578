#include "base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lenswire::base {

TEST(Log, EscapesControlCharactersAndQuotesSpaces) {
  EXPECT_EQ(log_escaped("plain"), "plain");
  EXPECT_EQ(log_escaped("two words"), "\"two words\"");
  EXPECT_EQ(log_escaped("a\nb\x1b[31m"), "a\\x0ab\\x1b[31m");
  EXPECT_EQ(log_escaped("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(log_escaped(""), "\"\"");
}

TEST(Log, LeavesOutAFloodOfOneEventOnly) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 50; ++i) log_info("flood_test", {{"i", i}});
  log_info("other_test");
  const auto text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(static_cast<int>(std::count(text.begin(), text.end(), '\n')), 11) << text;
  EXPECT_NE(text.find("event=other_test"), std::string::npos);
}

}  // namespace lenswire::base
