#include "cli/ball_finders.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/module.hpp"

namespace lenswire::cli {

void add_detector_option(CLI::App& command, std::string& detector) {
  command
      .add_option("--detector", detector,
                  "hough: circles among other things, to a few pixels; light: one bright ball on "
                  "dark ground, to a small part of a pixel")
      ->check(CLI::IsMember({"hough", "light"}))
      ->capture_default_str();
}

Result<std::unique_ptr<filter::BallFinder>> make_ball_finder(const std::string& detector,
                                                             const filter::BallSearch& search) {
  if (detector == "light") return filter::make_light_finder(search);
  const auto vision = base::load_module<filter::Vision>("vision");
  if (!vision)
    return fail(vision.error().code,
                fmt::format("{}, or use --detector light", vision.error().message));
  return (*vision)->make_hough_finder(search);
}

}  // namespace lenswire::cli
