#include "server/doors/rpiasgige/rpiasgige_door.hpp"

#include <fmt/format.h>

#include "server/doors/rpiasgige/rpiasgige_session.hpp"

namespace lenswire::server::rpiasgige {
namespace {

// What the original clients have room for.
constexpr base::QueryOptions::Size kMaxPicture{1920, 1080};
constexpr std::uint32_t kMaxSide = 16384;
// A client asks for a picture when it has had the last one, so nothing queues up.
constexpr std::uint32_t kUnsentLimitBytes = 1 << 20;

}  // namespace

net::SocketSettings RpiasgigeDoor::socket_settings() const {
  net::SocketSettings settings;
  settings.unsent_limit_bytes = kUnsentLimitBytes;
  return settings;
}

std::unique_ptr<Session> RpiasgigeDoor::greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                              ConnectionTable::Admission admission) {
  return std::make_unique<RpiasgigeSession>(worker, shared_, std::move(stream),
                                            std::move(admission));
}

Result<std::unique_ptr<Door>> make_door(DoorRequest request, const DoorContext& context) {
  const auto stream = request.options.text("stream", {});
  if (!stream.empty() && !base::is_valid_name(stream))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option stream={}: expected a stream's name, as in depth", stream));
  const auto size = request.options.size("max-size", kMaxPicture, kMaxSide);
  if (!size) return fail(size.error());
  if (auto ok = request.options.finish("stream, max-size"); !ok) return fail(ok.error());
  return std::make_unique<RpiasgigeDoor>(context.camera, stream,
                                         std::uint64_t{size->width} * size->height);
}

}  // namespace lenswire::server::rpiasgige
