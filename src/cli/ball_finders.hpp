// ball_finders.hpp - the ways to find a ball, by name.
#pragma once

#include <memory>
#include <string>

#include <lenswire/result.hpp>

#include "filter/ball_finder.hpp"

namespace CLI {
class App;
}

namespace lenswire::cli {

/// Adds --detector.
void add_detector_option(CLI::App& command, std::string& detector);

/// "hough" (module `vision`) or "light" (built in).
/// Errors: those of base::load_module(), with the other way as a remedy.
Result<std::unique_ptr<filter::BallFinder>> make_ball_finder(const std::string& detector,
                                                             const filter::BallSearch& search);

}  // namespace lenswire::cli
