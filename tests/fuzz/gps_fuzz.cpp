// What a GPS receiver, or gpsd, may say. The first byte chooses who speaks, and in which pieces.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "wire/gps/gpsd_report.hpp"
#include "wire/gps/nmea.hpp"

namespace gps = lenswire::wire::gps;

namespace {

template <typename Reader>
std::vector<gps::Reading> readings(std::span<const std::byte> bytes, std::size_t piece) {
  Reader reader;
  std::vector<gps::Reading> out;
  while (!bytes.empty()) {
    auto now = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(now.size());
    while (auto reading = reader.read(now)) {
      if (!(std::abs(reading->latitude_deg) <= 90) || !(std::abs(reading->longitude_deg) <= 180))
        std::abort();
      (void)gps::location_json(*reading, gps::JsonStyle::Compact);
      out.push_back(*reading);
    }
  }
  return out;
}

template <typename Reader>
void check(std::span<const std::byte> bytes, std::size_t piece) {
  if (readings<Reader>(bytes, piece) != readings<Reader>(bytes, bytes.size() + 1)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const std::size_t piece = std::size_t{data[0]} / 2 + 1;
  if (data[0] % 2 == 0)
    check<gps::NmeaReader>(bytes, piece);
  else
    check<gps::GpsdReader>(bytes, piece);
  return 0;
}
