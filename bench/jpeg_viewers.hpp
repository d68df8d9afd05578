// jpeg_viewers.hpp - many MJPEG clients on one thread, for the fan-out benchmark.
#pragma once

#include <cstdint>
#include <vector>

#include "base/unique_fd.hpp"

namespace lenswire::bench {

/// What the viewers saw in a window.
struct ViewerReport {
  std::vector<double> ages_us;       ///< of every frame, receive complete minus X-Timestamp
  std::vector<double> slow_ages_us;  ///< the same of the slow viewers
  std::uint64_t frames = 0;          ///< of the viewers that are not slow
  std::uint64_t gaps = 0;            ///< frames missing between two that came, by X-Sequence
  double worst_rate_hz = 0;          ///< of the viewer with the fewest frames
  double seconds = 0;
  std::uint64_t closed = 0;  ///< connections that the server ended
};

/// Connects, asks for the stream, and reads without keeping: pictures are dropped inside the kernel
/// (recv with MSG_TRUNC), so that one core can play a thousand clients.
class JpegViewers {
 public:
  /// The last `slow` of them read only `slow_bytes_per_s` each.
  JpegViewers(std::uint16_t port, const char* path, int count, int slow = 0,
              double slow_bytes_per_s = 700e3);
  ~JpegViewers();
  JpegViewers(const JpegViewers&) = delete;
  JpegViewers& operator=(const JpegViewers&) = delete;

  /// Reads for so long and reports, or reads without reporting (to warm up).
  ViewerReport watch(double seconds);

 private:
  struct Viewer;
  void read(Viewer& viewer, std::int64_t budget, ViewerReport& report);
  void begin_part(Viewer& viewer, ViewerReport& report);

  int epoll_ = -1;
  std::vector<Viewer> viewers_;
  double slow_bytes_per_s_;
};

}  // namespace lenswire::bench
