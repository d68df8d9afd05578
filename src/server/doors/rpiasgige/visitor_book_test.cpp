#include "server/doors/rpiasgige/visitor_book.hpp"

#include <gtest/gtest.h>

namespace lenswire::server::rpiasgige {
namespace {

VisitorState opened_with(double width) {
  VisitorState state;
  state.open = true;
  state.remembered[3] = width;
  return state;
}

TEST(RpiasgigeVisitors, AConversationBeginsWithWhatTheLastOneLeft) {
  VisitorBook book;
  EXPECT_FALSE(book.look_up("10.0.0.1").open);
  book.write_down("10.0.0.1", opened_with(320));
  const auto state = book.look_up("10.0.0.1");
  EXPECT_TRUE(state.open);
  EXPECT_EQ(state.remembered.at(3), 320);
  EXPECT_FALSE(book.look_up("10.0.0.2").open);
}

TEST(RpiasgigeVisitors, AFullBookForgetsWhoWasHereLongestAgo) {
  VisitorBook book;
  for (std::size_t i = 0; i < VisitorBook::kMaxVisitors; ++i)
    book.write_down("host" + std::to_string(i), opened_with(320));
  EXPECT_TRUE(book.look_up("host0").open);
  book.write_down("one more", opened_with(640));
  EXPECT_EQ(book.size(), VisitorBook::kMaxVisitors);
  EXPECT_TRUE(book.look_up("host0").open);
  EXPECT_FALSE(book.look_up("host1").open);
  EXPECT_EQ(book.look_up("one more").remembered.at(3), 640);
}

}  // namespace
}  // namespace lenswire::server::rpiasgige
