// metrics.hpp - Prometheus.
#pragma once

#include <string>

#include "server/services.hpp"

namespace lenswire::server {

/// The exposition text, format 0.0.4.
[[nodiscard]] std::string metrics_text(const Services& services);

}  // namespace lenswire::server
