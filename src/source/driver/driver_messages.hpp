// driver_messages.hpp - what a camera driver in a process of its own and the server say to each
// other: one message is one packet. Bytes in, messages out; no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <lenswire/source.hpp>

#include "source/source_table.hpp"

namespace lenswire::source::driver {

inline constexpr std::uint32_t kProtocolVersion = 1;
inline constexpr std::size_t kMaxMessageBytes = std::size_t{128} << 10;
inline constexpr std::size_t kMaxStreams = 16;
inline constexpr std::size_t kMaxControls = 512;
inline constexpr std::size_t kMaxMenuItems = 256;
inline constexpr std::size_t kMaxFound = 64;
inline constexpr std::size_t kMaxTextBytes = 4096;
inline constexpr std::size_t kMaxSlots = 16;

/// To the driver: whose camera it is. Comes first; answered by Made.
struct Make {
  std::string uri;
};
/// To the driver: look for cameras. Comes instead of Make; answered by Found.
struct Find {};
/// To the driver: begin Source::run().
struct Run {};
/// To the driver: end Source::run().
struct Stop {};
/// To the driver: this slot of shared memory was read.
struct Free {
  std::uint32_t memory = 0;
  std::uint32_t slot = 0;
};
/// To the driver; answered by Answer with the same number. Without settings: only read.
struct Ask {
  std::uint32_t number = 0;
  ControlSettings settings;
};

/// From the driver.
struct Made {
  std::uint32_t version = kProtocolVersion;
  Result<void> result;
};
struct Found {
  std::vector<FoundSource> sources;
};
struct Answer {
  std::uint32_t number = 0;
  Result<std::vector<Control>> result;
};
/// SourceSink::opened(). A descriptor comes with it: shared memory of `slots` x `slot_bytes`.
struct Opened {
  SourceDescription description;
  std::uint32_t memory = 0;  ///< rises with each
  std::uint32_t slots = 0;
  std::uint64_t slot_bytes = 0;
};
/// SourceSink::frame(). The pixels are in a slot; `frame` has no profile and no data.
struct FrameIn {
  std::uint32_t memory = 0;
  std::uint32_t slot = 0;
  std::uint32_t stream = 0;
  std::uint64_t bytes = 0;
  Frame frame;
};
struct ControlsChanged {
  std::vector<Control> controls;
};
struct Trouble {
  Error error;
};
/// Source::run() returned.
struct Ended {
  Result<void> result;
};

using Message = std::variant<Make, Find, Run, Stop, Free, Ask, Made, Found, Answer, Opened, FrameIn,
                             ControlsChanged, Trouble, Ended>;

/// Replaces `out`'s content. Texts, lists and controls past the limits are cut off.
void encode(const Message& message, std::vector<std::byte>& out);

/// Errors: InvalidArgument for anything that encode() does not write.
Result<Message> decode(std::span<const std::byte> packet);

}  // namespace lenswire::source::driver
