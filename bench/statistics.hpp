// statistics.hpp - medians and percentiles.
#pragma once

#include <cstdint>
#include <vector>

namespace lenswire::bench {

/// The value below which `share` (0..1) of the samples lie; 0 for none. Sorts a copy in part.
[[nodiscard]] double percentile(std::vector<double> samples, double share);
[[nodiscard]] inline double median(std::vector<double> samples) {
  return percentile(std::move(samples), 0.5);
}

}  // namespace lenswire::bench
