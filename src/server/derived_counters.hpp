// derived_counters.hpp - why a stream that is made of others has frames, or none.
#pragma once

#include <cstdint>
#include <string>

#include <lenswire/time.hpp>

namespace lenswire::server {

/// What became of the frames that such a stream was given; since it was made, over all who watched.
struct DerivedCounters {
  std::uint64_t made = 0;
  std::uint64_t busy = 0;      ///< left out: earlier ones were still being made
  std::uint64_t unpaired = 0;  ///< left out: no frame of the other stream belongs to it
  std::uint64_t failures = 0;  ///< also failed tries to begin
  Nanoseconds working{};       ///< spent on those made and those that failed
  std::string last_trouble;    ///< of the newest frame; empty where it was made
};

}  // namespace lenswire::server
