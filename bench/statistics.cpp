#include "bench/statistics.hpp"

#include <algorithm>

namespace lenswire::bench {

double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = std::min(samples.size() - 1,
                             static_cast<std::size_t>(share * static_cast<double>(samples.size())));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank),
                   samples.end());
  return samples[rank];
}

}  // namespace lenswire::bench
