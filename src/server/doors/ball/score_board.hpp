// score_board.hpp - what each peer of a ball door sees, as far as its estimates tell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/mutex.hpp"
#include "server/doors/ball/estimate_pairing.hpp"

namespace lenswire::server::ball {

enum class Norm : std::uint8_t { L1, L2 };
[[nodiscard]] std::string_view to_string(Norm norm) noexcept;
[[nodiscard]] constexpr double value(const PointError& error, Norm norm) noexcept {
  return norm == Norm::L1 ? error.l1 : error.l2;
}

/// Everything counted about one peer.
struct Score {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_skipped = 0;  ///< because the channel was full
  std::uint64_t estimates = 0;       ///< that came
  std::uint64_t broken = 0;          ///< no vector of two finite numbers
  std::uint64_t unmatched = 0;       ///< no frame waited, or far outside the picture
  std::uint64_t unanswered = 0;      ///< frames without an estimate
  std::uint64_t paired = 0;
  std::uint64_t implausible = 0;  ///< of those paired: near no frame that waited
  PointError sum;
  PointError max;
  Nanoseconds latency_sum{};  ///< from sending to the estimate
  Nanoseconds latency_max{};
  std::optional<Pair> last;
};

/// One line of the table.
struct ScoreRow {
  std::uint64_t peer = 0;
  Pair pair;
  PointError cumulative;
};

inline constexpr std::size_t kRecentRows = 64;
inline constexpr std::size_t kPeersRemembered = 16;

/// The scores of all peers of a door, those that have gone included (the last 16 by name, all in
/// the total).
///
/// Threading: thread-safe; outlives its seats.
class ScoreBoard {
 public:
  explicit ScoreBoard(Norm norm) : norm_(norm) {}

  /// One peer's place, for as long as it is connected.
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&& other) noexcept
        : board_(std::exchange(other.board_, nullptr)), number_(other.number_) {}
    Seat& operator=(Seat&& other) noexcept;
    ~Seat() { leave(); }
    void leave() noexcept;

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// The data channel is open: frames go.
    void streaming();
    void frame_sent();
    void frames_skipped(std::uint64_t count);
    void estimate_broken();
    /// What pairing made of an estimate, and its counters.
    void estimate(const std::optional<Pair>& pair, const EstimatePairing& pairing);
    /// An estimate for a picture whose truth nobody knows.
    void estimate_without_truth();

   private:
    friend class ScoreBoard;
    Seat(ScoreBoard& board, std::uint64_t number) noexcept : board_(&board), number_(number) {}
    template <typename Change>
    void change(Change change);

    ScoreBoard* board_ = nullptr;
    std::uint64_t number_ = 0;
  };
  [[nodiscard]] Seat seat(std::string peer);

  [[nodiscard]] Norm norm() const noexcept { return norm_; }
  /// Peers that are here now.
  [[nodiscard]] std::size_t connected() const;

  /// The rows after the last `from` ones, at most `kRecentRows`; `from` becomes their end.
  [[nodiscard]] std::vector<ScoreRow> rows_since(std::uint64_t& from) const;
  /// Waits for a row after `from`, at most until `deadline`.
  void wait_for_row(std::uint64_t from, MonotonicTime deadline);

  /// `norm`, `total`, `peers`, `recent`; docs/doors.md has the keys.
  [[nodiscard]] nlohmann::json describe() const;

 private:
  struct Entry {
    std::uint64_t number = 0;
    std::string peer;
    bool connected = true;
    bool streaming = false;
    Score score;
  };

  void note_estimate(std::uint64_t number, const std::optional<Pair>& pair,
                     const EstimatePairing& pairing);
  [[nodiscard]] std::size_t connected_now() const LENSWIRE_REQUIRES(mutex_);

  const Norm norm_;
  mutable base::Mutex mutex_;
  base::ConditionVariable row_came_;
  std::vector<Entry> entries_ LENSWIRE_GUARDED_BY(mutex_);
  Score forgotten_ LENSWIRE_GUARDED_BY(mutex_);  // of peers that are in entries_ no more
  std::uint64_t last_number_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::array<ScoreRow, kRecentRows> rows_ LENSWIRE_GUARDED_BY(mutex_){};
  std::uint64_t row_count_ LENSWIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace lenswire::server::ball
