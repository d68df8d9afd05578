// test_camera.cpp - lenswire test-camera: what a camera of this machine is set to, and how fast.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "base/uri.hpp"
#include "cli/camera_trial.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFramesPerLine = 120;
constexpr auto kOpenPatience = 15s;
// The kernel has renamed it.
constexpr std::array<std::string_view, 3> kAutoFocusNames = {"focus_automatic_continuous",
                                                             "focus_auto", "auto_focus"};

struct Options {
  std::string uri = "v4l2:/dev/video0";
  std::string size;
  std::string rate;
  std::string codec;
  std::string auto_focus = "default";
  std::uint64_t frames = 0;  // 0: until Ctrl-C
  double timeout_s = 5;
};

std::string uri_of(const Options& options) {
  base::OptionChanges changes;
  if (!options.size.empty()) changes.emplace_back("size", options.size);
  if (!options.rate.empty()) changes.emplace_back("fps", options.rate);
  if (!options.codec.empty()) {
    // What OpenCV calls MJPG.
    auto name = options.codec;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    changes.emplace_back("format", name == "mjpg" ? "mjpeg" : name);
  }
  const auto uri = options.uri.starts_with('/') ? "v4l2:" + options.uri : options.uri;
  return base::with_options(uri, changes);
}

void print_settings(const std::string& uri, const SourceDescription& description) {
  fmt::print("{}\n  model      {}\n", printable(uri), printable(description.model));
  if (!description.bus.empty()) fmt::print("  bus        {}\n", printable(description.bus));
  for (const auto& profile : description.streams)
    fmt::print("  {:10} {}x{} {} at {:.4g} Hz\n", printable(profile->stream), profile->width,
               profile->height, to_string(profile->format), profile->rate_hz);
  for (const auto& control : description.controls)
    fmt::print("  {:32} {}{}\n", printable(control.name), control_value_text(control.value),
               control.inactive ? "  inactive" : "");
}

Result<void> set_auto_focus(CameraTrial& trial, const SourceDescription& description, bool on) {
  for (const auto name : kAutoFocusNames)
    for (const auto& control : description.controls)
      if (control.name == name) {
        auto set = trial.runner().set_controls({{control.name, on}});
        if (!set) return fail(set.error());
        return {};
      }
  return fail(ErrorCode::Unsupported, "this camera has no auto-focus; leave --auto-focus out");
}

Result<void> test(const Options& options, const Context& context) {
  const auto uri = uri_of(options);
  CameraTrial trial;
  const auto description = trial.open(uri, kOpenPatience, context.stop);
  if (!description) return fail(description.error());
  if (options.auto_focus != "default")
    if (auto set = set_auto_focus(trial, *description, options.auto_focus == "on"); !set)
      return set;
  print_settings(uri, *description);
  std::fflush(stdout);
  const auto patience =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(options.timeout_s));
  // The first frame begins the time of those that follow.
  auto first = trial.count_frames(1, patience, context.stop);
  if (!first) return fail(first.error());
  std::uint64_t seen = first->frames;
  while (options.frames == 0 || seen < options.frames) {
    auto wanted = kFramesPerLine - seen % kFramesPerLine;
    if (options.frames > 0) wanted = std::min(wanted, options.frames - seen);
    const auto pace = trial.count_frames(wanted, patience, context.stop);
    if (!pace) return fail(pace.error());
    seen += pace->frames;
    fmt::print("{} frames: {:.2f} fps, {} each, {} lost\n", seen,
               pace->seconds > 0 ? static_cast<double>(pace->frames) / pace->seconds : 0,
               bytes_text(pace->mean_bytes), pace->lost);
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

void add_test_camera(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("test-camera", "Open a camera of this machine and count its frames");
  auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "A source's URI, or a device's path")
      ->capture_default_str();
  command->add_option("--size", options->size, "WIDTHxHEIGHT");
  command->add_option("--fps", options->rate, "Frames a second");
  command->add_option("--codec", options->codec, "mjpeg (or MJPG), yuyv, ...");
  command->add_option("--auto-focus", options->auto_focus, "on or off")
      ->check(CLI::IsMember({"default", "on", "off"}));
  command->add_option("--frames", options->frames, "End after so many; 0: never")
      ->capture_default_str();
  command->add_option("--timeout", options->timeout_s, "Seconds without a frame that are an error")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->footer(
      "Prints the camera's settings, then a line for every 120 frames.\n"
      "Example: lenswire test-camera /dev/video0 --size 1280x720 --fps 30 --codec mjpeg");
  command->callback([options, &context] { context.finish(test(*options, context)); });
}

}  // namespace lenswire::cli
