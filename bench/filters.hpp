// filters.hpp - lenswire-bench filters.
#pragma once

namespace lenswire::bench {

/// Milliseconds a frame of every depth filter on one core, beside OpenCV's nearest equivalent.
int run_filters(int argc, char** argv);

}  // namespace lenswire::bench
