#include "cli/remote.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/rtc_options.hpp"
#include "cli/text.hpp"
#include "client/client_impl.hpp"

namespace lenswire::cli {

void add_remote_options(CLI::App& command, RemoteOptions& options) {
  auto& settings = options.settings;
  settings.client_name = "lenswire command";
  settings.reconnect.enabled = false;
  command
      .add_option("--token-file", settings.token_file,
                  "File with the server's token, readable by you alone")
      ->envname("LENSWIRE_TOKEN_FILE");
  command.add_option("--ca-file", settings.ca_file, "With TLS: PEM file with the issuers to trust");
  command.add_option("--pin-sha256", settings.pin_sha256,
                     "With TLS: SHA-256 of the server's certificate");
  command.add_flag("--insecure", settings.insecure, "With TLS: accept any certificate");
  add_rtc_options(command, settings.rtc);
  command
      .add_option("--connect-timeout", options.connect_timeout_s,
                  "Seconds to wait for a connection")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
}

Result<std::unique_ptr<Client>> connect(const RemoteOptions& options, const Context& context) {
  auto settings = options.settings;
  settings.connect_timeout = std::chrono::duration_cast<Nanoseconds>(
      std::chrono::duration<double>(options.connect_timeout_s));
  settings.request_timeout = settings.connect_timeout;
  return client::connect(options.url, std::move(settings), context.stop);
}

Result<CameraInfo> choose_camera(Client& client, const base::LenswireUrl& url) {
  auto cameras = client.cameras();
  if (!cameras) return fail(std::move(cameras).error());
  std::string names;
  for (const auto& camera : *cameras) {
    if (camera.name == url.camera || (url.camera.empty() && cameras->size() == 1)) return camera;
    names += (names.empty() ? "" : ", ") + camera.name;
  }
  if (names.empty())
    return fail(
        ErrorCode::NotFound,
        fmt::format("the server at {} has no camera; start it with `lenswire serve --camera "
                    "NAME=URI`",
                    url.host));
  if (url.camera.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the server at {} has several cameras; add one to the URL: {}",
                            url.host, names));
  return fail(ErrorCode::NotFound,
              fmt::format("no camera '{}' at {}; there are: {}", url.camera, url.host, names));
}

Result<std::vector<StreamInfo>> choose_streams(const CameraInfo& camera,
                                               const base::LenswireUrl& url) {
  if (camera.streams.empty())
    return fail(ErrorCode::NotFound,
                fmt::format("camera '{}' has no streams now: it is {}{}{}", camera.name,
                            camera.state, camera.reason.empty() ? "" : ", ", camera.reason));
  if (url.stream.empty()) {
    // What is made of other streams costs the server, so it is for those who ask for it.
    auto captured = camera.streams;
    std::erase_if(captured, [](const auto& stream) {
      return stream.derived || stream.profile->kind == StreamKind::Skeleton;
    });
    return captured.empty() ? camera.streams : captured;
  }
  std::string names;
  for (const auto& stream : camera.streams) {
    if (stream.profile->stream == url.stream) return std::vector<StreamInfo>{stream};
    names += (names.empty() ? "" : ", ") + stream.profile->stream;
  }
  return fail(ErrorCode::NotFound, fmt::format("camera '{}' has no stream '{}'; it has: {}",
                                               camera.name, url.stream, names));
}

}  // namespace lenswire::cli
