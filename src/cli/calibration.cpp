// calibration.cpp - lenswire calibration: how a camera sees, shown, exported and set.
#include <fmt/format.h>

#include <cmath>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/remote.hpp"
#include "cli/text.hpp"
#include "cli/whole_file.hpp"
#include "wire/calibration/calibration_map.hpp"
#include "wire/calibration/camera_file.hpp"
#include "wire/maps.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  RemoteOptions remote;
  std::string format = "opencv";
  std::string file;
  bool clear = false;
  bool json = false;
};

struct Opened {
  std::unique_ptr<Client> client;
  CameraInfo camera;
  std::vector<StreamInfo> streams;
};

Result<Opened> open(const Options& options, const Context& context) {
  const auto url = base::LenswireUrl::parse(options.remote.url);
  if (!url) return fail(url.error());
  auto client = connect(options.remote, context);
  if (!client) return fail(std::move(client).error());
  auto camera = choose_camera(**client, *url);
  if (!camera) return fail(std::move(camera).error());
  auto streams = choose_streams(*camera, *url);
  if (!streams) return fail(std::move(streams).error());
  return Opened{std::move(*client), std::move(*camera), std::move(*streams)};
}

Result<StreamInfo> only_stream(const Opened& opened) {
  if (opened.streams.size() == 1) return opened.streams.front();
  std::string names;
  for (const auto& stream : opened.streams)
    names += (names.empty() ? "" : ", ") + stream.profile->stream;
  return fail(ErrorCode::InvalidArgument,
              fmt::format("camera '{}' has several streams; name one in the URL: {}",
                          opened.camera.name, names));
}

void print(const CameraInfo& camera, const StreamProfile& profile) {
  fmt::print("{}/{}  {}x{}, calibration {:016x}\n", printable(camera.name),
             printable(profile.stream), profile.width, profile.height,
             calibration_version(profile));
  if (const auto& k = profile.intrinsics) {
    const auto field = [](double f, std::uint32_t size) {
      return 2 * std::atan2(size / 2.0, f) * 180 / 3.14159265358979323846;
    };
    fmt::print("  focal length   {:.3f}, {:.3f} px (sees {:.1f} x {:.1f} degrees)\n", k->fx, k->fy,
               field(k->fx, k->width), field(k->fy, k->height));
    fmt::print("  centre         {:.3f}, {:.3f} px\n", k->cx, k->cy);
    fmt::print("  lens           {}", to_string(k->model));
    if (k->model != DistortionModel::None)
      for (const double value : k->distortion) fmt::print(" {:.6g}", value);
    fmt::print("\n");
  } else {
    fmt::print("  no intrinsics: `lenswire calibration set` gives it some\n");
  }
  if (const auto& pose = profile.reference_from_stream) {
    const auto& r = pose->rotation;
    for (std::size_t row = 0; row < 3; ++row)
      fmt::print("  {:<14} {:9.6f} {:9.6f} {:9.6f}   {:9.6f} m\n", row == 0 ? "pose" : "",
                 r.at(3 * row), r.at(3 * row + 1), r.at(3 * row + 2), pose->translation_m.at(row));
  }
  if (profile.kind == StreamKind::Depth)
    fmt::print("  depth unit     {} m\n", profile.depth_unit_m);
}

Result<void> show(const Options& options, const Context& context) {
  const auto opened = open(options, context);
  if (!opened) return fail(opened.error());
  if (options.json) {
    auto list = nlohmann::json::array();
    for (const auto& stream : opened->streams)
      list.push_back(wire::calibration_map(opened->camera.name, *stream.profile));
    fmt::print("{}\n",
               json_line(list.size() == 1 ? list.front() : nlohmann::json({{"streams", list}})));
    return {};
  }
  for (const auto& stream : opened->streams) print(opened->camera, *stream.profile);
  return {};
}

Result<void> export_file(const Options& options, const Context& context) {
  const auto opened = open(options, context);
  if (!opened) return fail(opened.error());
  const auto stream = only_stream(*opened);
  if (!stream) return fail(stream.error());
  const auto& profile = *stream->profile;
  Result<std::string> text;
  if (options.format == "json")
    text = wire::calibration_map(opened->camera.name, profile)
               .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
           "\n";
  else if (options.format == "ros")
    text = wire::to_ros_yaml(profile, opened->camera.name + "_" + profile.stream);
  else
    text = wire::to_opencv_yaml(profile);
  if (!text) return fail(text.error());
  if (options.file.empty()) {
    fmt::print("{}", *text);
    return {};
  }
  return write_whole_file(options.file, std::as_bytes(std::span(*text)));
}

Result<void> set(const Options& options, const Context& context) {
  if (options.clear == !options.file.empty())
    return fail(ErrorCode::InvalidArgument,
                "set needs a file, or --clear for the device's own calibration");
  std::optional<StreamCalibration> calibration;
  if (!options.clear) {
    const auto bytes = read_whole_file(options.file, wire::kMaxCalibrationBytes);
    if (!bytes) return fail(bytes.error());
    auto parsed =
        wire::parse_camera_file({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    if (!parsed)
      return fail(parsed.error().code, fmt::format("{}: {}", options.file, parsed.error().message));
    calibration = std::move(*parsed);
  }
  const auto opened = open(options, context);
  if (!opened) return fail(opened.error());
  const auto stream = only_stream(*opened);
  if (!stream) return fail(stream.error());
  const auto now =
      opened->client->set_calibration(opened->camera.name, stream->profile->stream, calibration);
  if (!now) return fail(now.error());
  if (options.json)
    fmt::print("{}\n", json_line(wire::calibration_map(opened->camera.name, **now)));
  else
    print(opened->camera, **now);
  return {};
}

using Run = Result<void> (*)(const Options&, const Context&);

CLI::App* add(CLI::App& parent, Context& context, const char* name, const char* what,
              const std::shared_ptr<Options>& options, Run run) {
  auto* command = parent.add_subcommand(name, what);
  command->add_option("URL", options->remote.url, "HOST[:PORT]/CAMERA[/STREAM]")->required();
  add_remote_options(*command, options->remote);
  command->callback([options, run, &context] { context.finish(run(*options, context)); });
  return command;
}

}  // namespace

void add_calibration(CLI::App& app, Context& context) {
  auto* group = app.add_subcommand("calibration", "How a camera sees: show, export, set");
  group->require_subcommand(1);
  group->footer(
      "Example: lenswire calibration show 127.0.0.1/room\n"
      "Example: lenswire calibration export 127.0.0.1/room/depth --format ros --out depth.yaml\n"
      "Example: lenswire calibration set 127.0.0.1/room/depth depth.yaml");
  auto shown = std::make_shared<Options>();
  auto* show_command = add(*group, context, "show",
                           "Show intrinsics, lens, pose, depth unit and version", shown, show);
  show_command->add_flag("--json", shown->json, "One line of JSON");
  show_command->footer("Example: lenswire calibration show 127.0.0.1/room/depth --json");

  auto exported = std::make_shared<Options>();
  auto* export_command =
      add(*group, context, "export", "Write a stream's calibration as a file for other programs",
          exported, export_file);
  export_command
      ->add_option("--format", exported->format,
                   "opencv (cv::FileStorage), ros (camera_info) or json (all of it)")
      ->check(CLI::IsMember({"opencv", "ros", "json"}))
      ->capture_default_str();
  export_command->add_option("--out", exported->file, "File to write; default: stdout")
      ->type_name("FILE");
  export_command->footer(
      "Example: lenswire calibration export 127.0.0.1/room/color --format opencv --out room.yml");

  auto given = std::make_shared<Options>();
  auto* set_command = add(
      *group, context, "set",
      "Give a stream the calibration of a file (OpenCV, ROS or our JSON), for good", given, set);
  set_command->add_option("FILE", given->file, "What OpenCV, ROS or `calibration export` wrote");
  set_command->add_flag("--clear", given->clear, "Go back to the device's own calibration");
  set_command->add_flag("--json", given->json, "The calibration as it is now, one line of JSON");
  set_command->footer(
      "The server keeps it (serve --calibration-dir) and tells everybody who watches.\n"
      "Example: lenswire calibration set 127.0.0.1/webcam/color camera.yaml");
}

}  // namespace lenswire::cli
