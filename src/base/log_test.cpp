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

TEST(Log, EscapesWhatTerminalsObeyBeyondAscii) {
  EXPECT_EQ(log_escaped("K\xc3\xbc"
                        "che \xe2\x82\xac \xf0\x9f\x8e\xa5"),
            "\"K\xc3\xbc"
            "che \xe2\x82\xac \xf0\x9f\x8e\xa5\"");
  EXPECT_EQ(log_escaped("\xc2\x9b"
                        "31m"),
            "\\xc2\\x9b31m");  // CSI
  EXPECT_EQ(log_escaped("\x9b"
                        "31m"),
            "\\x9b31m");  // the same in eight bits
  EXPECT_EQ(log_escaped("a\xe2\x80\xae"
                        "b"),
            "a\\xe2\\x80\\xaeb");                             // right to left
  EXPECT_EQ(log_escaped("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");  // CSI, too long
  EXPECT_EQ(log_escaped("\xc3"), "\\xc3");
  EXPECT_EQ(log_escaped("\xff\xc3"
                        "a"),
            "\\xff\\xc3"
            "a");
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
