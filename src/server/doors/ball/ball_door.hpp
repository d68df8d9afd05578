// ball_door.hpp - the ball bench: pictures over a data channel, the ball's centre back.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "server/door.hpp"
#include "server/doors/ball/ball_session.hpp"
#include "server/doors/ball/score_table.hpp"

namespace lenswire::server::ball {

inline constexpr std::array<std::uint16_t, 1> kPorts = {8080};

/// One camera for up to 64 peers, and the board of their scores.
///
/// Threading: as Reception and Door say.
class BallDoor final : public Door {
 public:
  BallDoor(const DoorContext& context, net::RtcStack& stack, std::string stream,
           const BallPacking& packing, double rate_hz, double plausible_px, Norm norm, bool table);

  Result<void> open() override;
  void close() override;
  [[nodiscard]] nlohmann::json describe() const override;
  std::unique_ptr<Session> greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                 ConnectionTable::Admission admission) override;

 private:
  BallShared shared_;
  const bool wants_table_;
  std::unique_ptr<ScoreTable> table_;
};

/// Options: `stream`, `size`, `fps`, `norm`, `plausible`, `table`.
/// Errors: InvalidArgument for bad options; those of base::load_module(), as there is no ball door
/// without the module `webrtc`.
Result<std::unique_ptr<Door>> make_door(DoorRequest request, const DoorContext& context);

}  // namespace lenswire::server::ball
