// gps_reader.hpp - where this machine is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include <lenswire/result.hpp>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "base/unique_fd.hpp"
#include "wire/gps/reading.hpp"

namespace lenswire::server {

/// Where positions come from.
struct GpsSource {
  enum class Kind { Serial, Gpsd, Fixed };
  Kind kind = Kind::Serial;
  std::string place;  ///< device file, or host
  std::uint16_t port = 0;
  wire::gps::Reading fixed;

  /// "/dev/ttyUSB0", "gpsd://HOST[:PORT]" or "fixed:LATITUDE,LONGITUDE[,KNOTS]".
  /// Errors: InvalidArgument.
  static Result<GpsSource> parse(std::string_view text);
};

/// Keeps the newest reading. A serial receiver (NMEA, 9600 baud) or a gpsd that is not there is
/// looked for again each second; one that says nothing for 5 s has no fix.
///
/// gpsd is asked in its own JSON over a stream of ours rather than through libgps, whose calls have
/// no deadline and cannot be interrupted.
///
/// Threading: latest() thread-safe. Its own thread (`lw-gps`) blocks on the device and its stop.
class GpsReader {
 public:
  explicit GpsReader(GpsSource source) : source_(std::move(source)) {}
  ~GpsReader();  // stop()

  void start();
  void stop();

  [[nodiscard]] wire::gps::Reading latest() const;

 private:
  void run();
  Result<void> read_serial();
  Result<void> read_gpsd();
  void set(const wire::gps::Reading& reading);
  template <typename Reader>
  void take(Reader& reader, std::span<const std::byte> bytes);

  const GpsSource source_;
  base::StopSource stop_;
  std::thread thread_;
  mutable base::Mutex mutex_;
  wire::gps::Reading latest_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server
