// score_table.hpp - the scores as lines of text on the standard output.
#pragma once

#include <string>
#include <thread>

#include "base/stop_token.hpp"
#include "server/doors/ball/score_board.hpp"

namespace lenswire::server::ball {

/// The heading, and one line: actual and estimated centre, error, cumulative error.
[[nodiscard]] std::string table_head(Norm norm);
[[nodiscard]] std::string table_row(const ScoreRow& row, Norm norm);

/// Writes each new row while it lives, from a thread of its own, because nobody knows when a
/// terminal takes it; rows that it can't write in time are left out.
///
/// Threading: thread-bound. `board` outlives it.
class ScoreTable {
 public:
  explicit ScoreTable(ScoreBoard& board);
  ~ScoreTable();
  ScoreTable(const ScoreTable&) = delete;
  ScoreTable& operator=(const ScoreTable&) = delete;

 private:
  void run();
  [[nodiscard]] bool write_out(std::string_view text);

  ScoreBoard& board_;
  base::StopSource stop_;
  std::thread thread_;
};

}  // namespace lenswire::server::ball
