#include "server/doors/ball/ball_door.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/module.hpp"

namespace lenswire::server::ball {
namespace {

constexpr base::QueryOptions::Size kOriginalSize{400, 400};
// As many pixels as make a message of 4 MiB.
constexpr std::uint32_t kMaxSide = 1024;
constexpr double kOriginalRate = 20;
constexpr double kPlausiblePx = 40;

}  // namespace

BallDoor::BallDoor(const DoorContext& context, net::RtcStack& stack, std::string stream,
                   const BallPacking& packing, double rate_hz, double plausible_px, Norm norm,
                   bool table)
    : shared_{context.camera, stack,        std::move(stream), packing,
              rate_hz,        plausible_px, ScoreBoard(norm)},
      wants_table_(table) {}

Result<void> BallDoor::open() {
  if (wants_table_) table_ = std::make_unique<ScoreTable>(shared_.board);
  return {};
}

void BallDoor::close() { table_.reset(); }

nlohmann::json BallDoor::describe() const {
  auto map = shared_.board.describe();
  map["width"] = shared_.packing.width();
  map["height"] = shared_.packing.height();
  return map;
}

std::unique_ptr<Session> BallDoor::greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                         ConnectionTable::Admission admission) {
  return std::make_unique<BallSession>(worker, std::move(stream), std::move(admission), shared_);
}

Result<std::unique_ptr<Door>> make_door(DoorRequest request, const DoorContext& context) {
  auto& options = request.options;
  const auto stream = options.text("stream", {});
  if (!stream.empty() && !base::is_valid_name(stream))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option stream={}: expected a stream's name, as in color", stream));
  const auto size = options.size("size", kOriginalSize, kMaxSide);
  if (!size) return fail(size.error());
  const auto rate = options.number("fps", kOriginalRate, 0.1, 1000);
  if (!rate) return fail(rate.error());
  const auto plausible = options.number("plausible", kPlausiblePx, 1, 10'000);
  if (!plausible) return fail(plausible.error());
  const auto norm = options.text("norm", "l1");
  if (norm != "l1" && norm != "l2")
    return fail(ErrorCode::InvalidArgument, fmt::format("norm={}: it may be l1 or l2", norm));
  const auto table = options.boolean("table", false);
  if (!table) return fail(table.error());
  if (auto ok = options.finish("stream, size, fps, norm, plausible, table"); !ok)
    return fail(ok.error());
  const auto stack = base::load_module<net::RtcStack>("webrtc");
  if (!stack) return fail(stack.error());
  return std::make_unique<BallDoor>(context, **stack, stream,
                                    BallPacking(size->width, size->height), *rate, *plausible,
                                    norm == "l1" ? Norm::L1 : Norm::L2, *table);
}

}  // namespace lenswire::server::ball
