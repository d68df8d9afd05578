// latency.hpp - `lenswire-bench latency`.
#pragma once

namespace lenswire::bench {

/// Prints the figures as JSON in the last line. Returns the exit code.
int run_latency(int argc, char** argv);

}  // namespace lenswire::bench
