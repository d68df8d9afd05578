// jpeg.hpp - `lenswire-bench jpeg`.
#pragma once

namespace lenswire::bench {

/// Prints `{"jpeg": {"fps": ..., "ratio_direct": ..., "ratio_opencv": ...}}`; the last is missing
/// in a build without OpenCV. Returns the exit code.
int run_jpeg(int argc, char** argv);

}  // namespace lenswire::bench
