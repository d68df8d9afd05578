// loop_feed.hpp - pictures of a ball over one transport and in one encoding, for bench-loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <lenswire/annotation.hpp>
#include <lenswire/client.hpp>

#include "base/stop_token.hpp"
#include "base/uri.hpp"
#include "frame/image.hpp"

namespace lenswire::cli {

/// One line of the table.
struct LoopSetup {
  std::string transport;  ///< "native", "websocket", "datachannel", "mjpeg"
  std::string codec;
  int quality = 80;  ///< JPEG
  double scale = 1;
};

/// One picture, decoded, with its truth.
struct LoopFrame {
  frame::ImageView picture;
  std::uint64_t sequence = 0;
  MonotonicTime capture_time{};  ///< on this machine's clock
  Nanoseconds capture_uncertainty{};
  std::optional<Annotation> truth;  ///< in pixels of the picture
  std::size_t wire_bytes = 0;
};

/// Threading: thread-bound.
class LoopFeed {
 public:
  virtual ~LoopFeed() = default;
  /// What it returns holds until the next call.
  virtual Result<LoopFrame> next(MonotonicTime deadline) = 0;
};

/// Where the pictures come from.
struct LoopTarget {
  base::LenswireUrl url;  ///< with camera and stream
  ClientSettings settings;
  base::StopToken stop;
};

/// Errors: those of the connection and the subscription; Unsupported for combinations that there
/// are not.
Result<std::unique_ptr<LoopFeed>> open_loop_feed(const LoopTarget& target, const LoopSetup& setup);

/// The URL with another scheme: "ws://host:port/camera".
[[nodiscard]] std::string url_text(const base::LenswireUrl& url, std::string_view scheme);

}  // namespace lenswire::cli
