#include "server/doors/ball/score_board.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace lenswire::server::ball {
namespace {

using nlohmann::json;

double milliseconds(Nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

json point(const Estimate& place) { return json::array({place.x_px, place.y_px}); }

json norm_json(const Score& score, Norm norm) {
  const auto count = static_cast<double>(std::max<std::uint64_t>(score.paired, 1));
  return {{"last", score.last ? json(value(score.last->error, norm)) : json()},
          {"mean", value(score.sum, norm) / count},
          {"max", value(score.max, norm)},
          {"cumulative", value(score.sum, norm)}};
}

json to_json(const Score& score) {
  const auto count = static_cast<double>(std::max<std::uint64_t>(score.paired, 1));
  return {{"frames_sent", score.frames_sent},
          {"frames_skipped", score.frames_skipped},
          {"estimates", score.estimates},
          {"paired", score.paired},
          {"implausible", score.implausible},
          {"unmatched", score.unmatched},
          {"broken", score.broken},
          {"unanswered", score.unanswered},
          {"l1_px", norm_json(score, Norm::L1)},
          {"l2_px", norm_json(score, Norm::L2)},
          {"sent_to_estimate_mean_ms", milliseconds(score.latency_sum) / count},
          {"sent_to_estimate_max_ms", milliseconds(score.latency_max)}};
}

json to_json(const ScoreRow& row) {
  return {{"peer", row.peer},
          {"sequence", row.pair.sequence},
          {"actual", point(row.pair.actual)},
          {"estimate", point(row.pair.estimate)},
          {"l1_px", row.pair.error.l1},
          {"l2_px", row.pair.error.l2},
          {"cumulative_l1_px", row.cumulative.l1},
          {"cumulative_l2_px", row.cumulative.l2},
          {"sent_to_estimate_ms", milliseconds(row.pair.sent_to_estimate)},
          {"plausible", row.pair.plausible}};
}

void add(const Score& from, Score& to) {
  to.frames_sent += from.frames_sent;
  to.frames_skipped += from.frames_skipped;
  to.estimates += from.estimates;
  to.broken += from.broken;
  to.unmatched += from.unmatched;
  to.unanswered += from.unanswered;
  to.paired += from.paired;
  to.implausible += from.implausible;
  to.sum.l1 += from.sum.l1;
  to.sum.l2 += from.sum.l2;
  to.max.l1 = std::max(to.max.l1, from.max.l1);
  to.max.l2 = std::max(to.max.l2, from.max.l2);
  to.latency_sum += from.latency_sum;
  to.latency_max = std::max(to.latency_max, from.latency_max);
}

}  // namespace

std::string_view to_string(Norm norm) noexcept { return norm == Norm::L1 ? "L1" : "L2"; }

ScoreBoard::Seat& ScoreBoard::Seat::operator=(Seat&& other) noexcept {
  if (this != &other) {
    leave();
    board_ = std::exchange(other.board_, nullptr);
    number_ = other.number_;
  }
  return *this;
}

template <typename Change>
void ScoreBoard::Seat::change(Change change) {
  if (!board_) return;
  base::MutexLock lock(board_->mutex_);
  for (auto& entry : board_->entries_)
    if (entry.number == number_) return change(entry);
}

void ScoreBoard::Seat::leave() noexcept {
  change([](Entry& entry) { entry.connected = false; });
  board_ = nullptr;
}

void ScoreBoard::Seat::streaming() {
  change([](Entry& entry) { entry.streaming = true; });
}

void ScoreBoard::Seat::frame_sent() {
  change([](Entry& entry) { ++entry.score.frames_sent; });
}

void ScoreBoard::Seat::frames_skipped(std::uint64_t count) {
  change([count](Entry& entry) { entry.score.frames_skipped += count; });
}

void ScoreBoard::Seat::estimate_broken() {
  change([](Entry& entry) {
    ++entry.score.estimates;
    ++entry.score.broken;
  });
}

void ScoreBoard::Seat::estimate_without_truth() {
  change([](Entry& entry) { ++entry.score.estimates; });
}

void ScoreBoard::Seat::estimate(const std::optional<Pair>& pair, const EstimatePairing& pairing) {
  if (board_) board_->note_estimate(number_, pair, pairing);
}

void ScoreBoard::note_estimate(std::uint64_t number, const std::optional<Pair>& pair,
                               const EstimatePairing& pairing) {
  base::MutexLock lock(mutex_);
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [number](const Entry& e) { return e.number == number; });
  if (entry == entries_.end()) return;
  auto& score = entry->score;
  ++score.estimates;
  score.unmatched = pairing.unmatched();
  score.unanswered = pairing.unanswered();
  if (!pair) return;
  ++score.paired;
  if (!pair->plausible) ++score.implausible;
  score.sum.l1 += pair->error.l1;
  score.sum.l2 += pair->error.l2;
  score.max.l1 = std::max(score.max.l1, pair->error.l1);
  score.max.l2 = std::max(score.max.l2, pair->error.l2);
  score.latency_sum += pair->sent_to_estimate;
  score.latency_max = std::max(score.latency_max, pair->sent_to_estimate);
  score.last = pair;
  rows_[row_count_++ % kRecentRows] = {number, *pair, score.sum};
  row_came_.notify_all();
}

ScoreBoard::Seat ScoreBoard::seat(std::string peer) {
  base::MutexLock lock(mutex_);
  // Entries are in order of age, so the first that has gone is the one gone to be forgotten.
  const auto gone = [](const Entry& entry) { return !entry.connected; };
  if (std::count_if(entries_.begin(), entries_.end(), gone) >
      static_cast<std::ptrdiff_t>(kPeersRemembered)) {
    const auto oldest = std::find_if(entries_.begin(), entries_.end(), gone);
    add(oldest->score, forgotten_);
    entries_.erase(oldest);
  }
  Entry entry;
  entry.number = ++last_number_;
  entry.peer = std::move(peer);
  entries_.push_back(std::move(entry));
  return {*this, last_number_};
}

std::vector<ScoreRow> ScoreBoard::rows_since(std::uint64_t& from) const {
  base::MutexLock lock(mutex_);
  std::vector<ScoreRow> out;
  const auto oldest = row_count_ > kRecentRows ? row_count_ - kRecentRows : 0;
  for (auto i = std::max(from, oldest); i < row_count_; ++i)
    out.push_back(rows_.at(i % kRecentRows));
  from = row_count_;
  return out;
}

void ScoreBoard::wait_for_row(std::uint64_t from, MonotonicTime deadline) {
  base::MutexLock lock(mutex_);
  while (row_count_ <= from)
    if (row_came_.wait_until(mutex_, deadline) == std::cv_status::timeout) return;
}

std::size_t ScoreBoard::connected() const {
  base::MutexLock lock(mutex_);
  return connected_now();
}

std::size_t ScoreBoard::connected_now() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.connected; }));
}

json ScoreBoard::describe() const {
  std::uint64_t from = 0;
  auto recent = json::array();
  for (const auto& row : rows_since(from)) recent.push_back(to_json(row));
  auto peers = json::array();
  base::MutexLock lock(mutex_);
  Score total = forgotten_;
  for (const auto& entry : entries_) {
    add(entry.score, total);
    auto map = to_json(entry.score);
    map["peer"] = entry.number;
    map["address"] = entry.peer;
    map["state"] = !entry.connected ? "gone" : entry.streaming ? "streaming" : "connecting";
    peers.push_back(std::move(map));
  }
  return {{"norm", norm_ == Norm::L1 ? "l1" : "l2"},
          {"connected", connected_now()},
          {"total", to_json(total)},
          {"peers", std::move(peers)},
          {"recent", std::move(recent)}};
}

}  // namespace lenswire::server::ball
