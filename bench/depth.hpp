// depth.hpp - `lenswire-bench depth`: Strata and its rivals on real depth images.
#pragma once

namespace lenswire::bench {

/// Runs the subcommand; argv[0] is its name. Returns the exit code: 0, 1 when a codec did not give
/// back what it got, 2 for wrong use.
int run_depth(int argc, char** argv);

}  // namespace lenswire::bench
