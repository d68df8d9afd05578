// rpiasgige_door.hpp - lenswire as an rpiasgige server, of both generations on one port.
#pragma once

#include <array>
#include <memory>

#include "server/door.hpp"
#include "server/doors/rpiasgige/conversation.hpp"

namespace lenswire::server::rpiasgige {

inline constexpr std::array<std::uint16_t, 1> kPorts = {4001};

/// One camera for any number of rpiasgige clients.
///
/// Threading: as Reception says.
class RpiasgigeDoor final : public Door {
 public:
  RpiasgigeDoor(Camera& camera, std::string stream, std::uint64_t max_pixels)
      : shared_{camera, std::move(stream), max_pixels, {}} {}

  [[nodiscard]] net::SocketSettings socket_settings() const override;
  std::unique_ptr<Session> greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                 ConnectionTable::Admission admission) override;

 private:
  DoorShared shared_;
};

/// Options: `stream`, `max-size`.
Result<std::unique_ptr<Door>> make_door(DoorRequest request, const DoorContext& context);

}  // namespace lenswire::server::rpiasgige
