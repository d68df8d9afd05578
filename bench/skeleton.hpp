// skeleton.hpp - `lenswire-bench skeleton`.
#pragma once

namespace lenswire::bench {

/// How far the joints that the module `pose` finds in synthetic:room are from the true ones; prints
/// a table or JSON. Returns the exit code.
int run_skeleton(int argc, char** argv);

}  // namespace lenswire::bench
