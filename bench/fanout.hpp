// fanout.hpp - `lenswire-bench fanout`.
#pragma once

namespace lenswire::bench {

/// Prints the figures as JSON in the last line. Returns the exit code.
int run_fanout(int argc, char** argv);

}  // namespace lenswire::bench
