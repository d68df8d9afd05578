// ls.cpp - lenswire ls: what a server has, or what is plugged in here.
#include <fmt/format.h>

#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/ls_local.hpp"
#include "cli/remote.hpp"
#include "cli/text.hpp"
#include "client/reply_maps.hpp"
#include "wire/maps.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  RemoteOptions remote;
  bool local = false;
  bool json = false;
};

void print_stream(const StreamInfo& stream) {
  const auto& profile = *stream.profile;
  fmt::print("  {:10} {:6} {}x{}", printable(profile.stream), to_string(profile.format),
             profile.width, profile.height);
  if (profile.rate_hz > 0) fmt::print("  {:.4g} Hz", profile.rate_hz);
  fmt::print(" (now {:.1f})  {} client{}", stream.measured_hz, stream.clients,
             stream.clients == 1 ? "" : "s");
  if (profile.kind == StreamKind::Depth) fmt::print("  unit {} m", profile.depth_unit_m);
  fmt::print("{}\n", profile.intrinsics ? "  calibrated" : "");
}

Result<void> list_server(const Options& options, const Context& context) {
  const auto url = base::LenswireUrl::parse(options.remote.url);
  if (!url) return fail(url.error());
  auto client = connect(options.remote, context);
  if (!client) return fail(std::move(client).error());
  auto cameras = (*client)->cameras();
  if (!cameras) return fail(std::move(cameras).error());
  if (!url->camera.empty()) {
    auto camera = choose_camera(**client, *url);
    if (!camera) return fail(std::move(camera).error());
    *cameras = {std::move(*camera)};
  }
  const auto& server = (*client)->server();
  auto list = nlohmann::json::array();
  if (!options.json)
    fmt::print("{} '{}' at {}:{}, your role: {}\n", printable(server.software),
               printable(server.name), url->host, url->port, printable(server.role));
  for (const auto& camera : *cameras) {
    // A camera that is away has no controls to show; that is no failure of the listing.
    const auto controls = (*client)->controls(camera.name);
    if (!controls && !(*client)->connected()) return fail(controls.error());
    if (options.json) {
      auto map = client::to_map(camera);
      map["controls"] = controls ? wire::to_map(*controls) : nlohmann::json::array();
      list.push_back(std::move(map));
      continue;
    }
    fmt::print("{:12} {:10} {}{}{}\n", printable(camera.name), printable(camera.state),
               printable(camera.model.empty() ? camera.uri : camera.model),
               camera.reason.empty() ? "" : "  ", printable(camera.reason));
    for (const auto& stream : camera.streams) print_stream(stream);
    if (!controls || controls->empty()) continue;
    fmt::print("    controls:\n");
    for (const auto& control : *controls) print_control(control, "    ");
  }
  if (options.json)
    fmt::print("{}\n", json_line({{"server", server.software},
                                  {"name", server.name},
                                  {"role", server.role},
                                  {"cameras", std::move(list)}}));
  else if (cameras->empty())
    fmt::print("no cameras; start the server with `lenswire serve --camera NAME=URI`\n");
  return {};
}

}  // namespace

void add_ls(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("ls", "List cameras, streams and controls of a server");
  auto options = std::make_shared<Options>();
  command->add_option("URL", options->remote.url, "HOST[:PORT][/CAMERA]")->capture_default_str();
  command->add_flag("--local", options->local,
                    "List the cameras of this machine instead, with all they offer");
  command->add_flag("--json", options->json, "One line of JSON");
  add_remote_options(*command, options->remote);
  command->footer(
      "Example: lenswire ls 192.168.1.20\n"
      "         lenswire ls --local");
  command->callback([options, &context] {
    context.finish(options->local ? list_local(options->json) : list_server(*options, context));
  });
}

}  // namespace lenswire::cli
