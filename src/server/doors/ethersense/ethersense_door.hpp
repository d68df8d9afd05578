// ethersense_door.hpp - serves EtherSense viewers: hears their ping and calls them back.
#pragma once

#include "server/door.hpp"

namespace lenswire::server {

/// `ethersense[:PORT]`: UDP on that port (1024), TCP to port 1024 of whoever pinged. Options:
/// `stream` (depth), `decimate` (2; 1 to 16, by the nearest pixel of filter::scale()), `bits` (16;
/// 8 makes uint8 pictures), `max_m` (10; what `bits=8` shows as 255), `fps` (all), `pickle`
/// (universal; py3, py2), `allow-public` (0), `viewer-port` (1024).
Result<std::unique_ptr<Door>> make_ethersense_door(DoorRequest request, const DoorContext& context);

inline constexpr std::uint16_t kEthersensePorts[] = {1024};

}  // namespace lenswire::server
