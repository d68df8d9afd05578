// bare_server.hpp - the rivals: the least code that could do the job.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace lenswire::bench {

/// Frames cycle through so many buffers, here and in the bench source: a camera's next frame is not
/// in the place of the last, and so not in the cache.
inline constexpr std::size_t kFrameBuffers = 8;

/// MJPEG to everybody who connects: one thread, epoll, one send per client and frame, no limits, no
/// policies, no errors handled beyond a closed connection. A client whose last frame is not gone
/// when the next one comes misses that one.
void serve_bare_mjpeg(std::size_t frame_bytes, double rate_hz,
                      const std::function<void(std::uint16_t)>& report_port);

/// One client at a time gets frames of a 16-byte head (size, capture time on CLOCK_MONOTONIC) and
/// `frame_bytes`, by blocking send. A rate of 0 is as fast as it goes.
void serve_bare_frames(std::size_t frame_bytes, double rate_hz,
                       const std::function<void(std::uint16_t)>& report_port);

}  // namespace lenswire::bench
