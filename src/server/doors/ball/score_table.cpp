#include "server/doors/ball/score_table.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/clock.hpp"
#include "base/thread.hpp"

namespace lenswire::server::ball {
namespace {

constexpr auto kLookForStop = std::chrono::milliseconds(200);

}  // namespace

std::string table_head(Norm norm) {
  return fmt::format("{:>6} {:>18} {:>18} {:>12} {:>17}\n", "peer", "Actual Center", "Est Center",
                     fmt::format("Error ({})", to_string(norm)), "Cumulative Error");
}

std::string table_row(const ScoreRow& row, Norm norm) {
  const auto place = [](const Estimate& p) {
    return fmt::format("({:6.1f}, {:6.1f})", p.x_px, p.y_px);
  };
  return fmt::format("{:>6} {:>18} {:>18} {:>12.3f} {:>17.3f}\n", row.peer, place(row.pair.actual),
                     place(row.pair.estimate), value(row.pair.error, norm),
                     value(row.cumulative, norm));
}

ScoreTable::ScoreTable(ScoreBoard& board) : board_(board), thread_([this] { run(); }) {}

ScoreTable::~ScoreTable() {
  stop_.request_stop();
  thread_.join();
}

void ScoreTable::run() {
  base::set_thread_name("lw-ball-table");
  if (!write_out(table_head(board_.norm()))) return;
  std::uint64_t from = 0;
  while (!stop_.token().stop_requested()) {
    board_.wait_for_row(from, base::system_clock().now() + kLookForStop);
    for (const auto& row : board_.rows_since(from))
      if (!write_out(table_row(row, board_.norm()))) return;
  }
}

// False when nobody reads any more, or the server stops.
bool ScoreTable::write_out(std::string_view text) {
  const auto stop = stop_.token();
  while (!text.empty()) {
    std::array<pollfd, 2> wait = {pollfd{STDOUT_FILENO, POLLOUT, 0},
                                  pollfd{stop.poll_fd(), POLLIN, 0}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return false;
    if (stop.stop_requested()) return false;
    if ((wait[0].revents & (POLLERR | POLLNVAL)) != 0) return false;
    if ((wait[0].revents & POLLOUT) == 0) continue;
    // A pipe that is ready takes a line whole (PIPE_BUF), so this does not block.
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace lenswire::server::ball
