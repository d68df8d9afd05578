#include "server/doors/ball/score_board.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "server/doors/ball/score_table.hpp"

namespace lenswire::server::ball {
namespace {

const MonotonicTime kNow{std::chrono::hours(1)};

// One frame at (10, 20), estimated at (13, 16).
void play(ScoreBoard::Seat& seat, EstimatePairing& pairing, std::uint64_t sequence) {
  pairing.sent(sequence, {10, 20}, kNow);
  seat.frame_sent();
  seat.estimate(pairing.match({13, 16}, kNow + std::chrono::milliseconds(4)), pairing);
}

}  // namespace

TEST(ScoreBoard, AddsErrorsUpInBothNorms) {
  ScoreBoard board(Norm::L2);
  auto seat = board.seat("127.0.0.1:5");
  seat.streaming();
  EstimatePairing pairing(400, 400, 40);
  play(seat, pairing, 7);
  play(seat, pairing, 8);
  seat.estimate(pairing.match({1, 1}, kNow), pairing);
  seat.estimate_broken();
  seat.frames_skipped(1);
  const auto map = board.describe();
  EXPECT_EQ(map["norm"], "l2");
  const auto& peer = map["peers"][0];
  EXPECT_EQ(peer["state"], "streaming");
  EXPECT_EQ(peer["address"], "127.0.0.1:5");
  EXPECT_EQ(peer["frames_sent"], 2);
  EXPECT_EQ(peer["frames_skipped"], 1);
  EXPECT_EQ(peer["estimates"], 4);
  EXPECT_EQ(peer["paired"], 2);
  EXPECT_EQ(peer["unmatched"], 1);
  EXPECT_EQ(peer["broken"], 1);
  EXPECT_EQ(peer["l1_px"]["cumulative"], 14);
  EXPECT_EQ(peer["l2_px"]["cumulative"], 10);
  EXPECT_EQ(peer["l2_px"]["mean"], 5);
  EXPECT_EQ(peer["l1_px"]["max"], 7);
  EXPECT_EQ(peer["sent_to_estimate_mean_ms"], 4);
  EXPECT_EQ(map["recent"].size(), 2U);
  EXPECT_EQ(map["recent"][1]["cumulative_l1_px"], 14);
  EXPECT_EQ(map["total"]["paired"], 2);
}

TEST(ScoreBoard, RemembersSixteenThatHaveGoneAndCountsAll) {
  ScoreBoard board(Norm::L1);
  for (std::uint64_t i = 0; i < 100; ++i) {
    auto seat = board.seat("peer");
    EstimatePairing pairing(400, 400, 40);
    play(seat, pairing, i);
  }
  const auto map = board.describe();
  EXPECT_LE(map["peers"].size(), kPeersRemembered + 2);
  EXPECT_EQ(map["connected"], 0);
  EXPECT_EQ(map["total"]["paired"], 100);
  EXPECT_EQ(map["total"]["l1_px"]["cumulative"], 700);
  EXPECT_EQ(map["recent"].size(), kRecentRows);
}

TEST(ScoreBoard, GivesEachRowOnce) {
  ScoreBoard board(Norm::L1);
  auto seat = board.seat("peer");
  EstimatePairing pairing(400, 400, 40);
  std::uint64_t from = 0;
  EXPECT_TRUE(board.rows_since(from).empty());
  play(seat, pairing, 1);
  board.wait_for_row(from, kNow);
  EXPECT_EQ(board.rows_since(from).size(), 1U);
  EXPECT_TRUE(board.rows_since(from).empty());
  for (std::uint64_t i = 0; i < 2 * kRecentRows; ++i) play(seat, pairing, i);
  EXPECT_EQ(board.rows_since(from).size(), kRecentRows) << "the oldest are lost";
}

TEST(ScoreTable, HasTheColumnsOfTheOriginal) {
  ScoreBoard board(Norm::L1);
  auto seat = board.seat("peer");
  EstimatePairing pairing(400, 400, 40);
  play(seat, pairing, 1);
  std::uint64_t from = 0;
  const auto row = board.rows_since(from).at(0);
  EXPECT_EQ(table_head(Norm::L1),
            "  peer      Actual Center         Est Center   Error (L1)  Cumulative Error\n");
  EXPECT_EQ(table_row(row, Norm::L1),
            "     1   (  10.0,   20.0)   (  13.0,   16.0)        7.000             7.000\n");
}

}  // namespace lenswire::server::ball
