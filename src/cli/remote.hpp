// remote.hpp - what all commands that talk to a server have in common.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <lenswire/client.hpp>

#include "base/uri.hpp"
#include "cli/command.hpp"

namespace lenswire::cli {

/// Options of the connection.
struct RemoteOptions {
  std::string url = "127.0.0.1";
  ClientSettings settings;
  double connect_timeout_s = 10;
};

/// Adds --token-file, --ca-file, --pin-sha256, --insecure, --connect-timeout and those of
/// add_rtc_options().
void add_remote_options(CLI::App& command, RemoteOptions& options);

/// A server that is not there is an error at once; one that goes away later is waited for only
/// where the settings say so.
Result<std::unique_ptr<Client>> connect(const RemoteOptions& options, const Context& context);

/// The camera that the URL names, or the only one there is.
/// Errors: NotFound, listing those there are; InvalidArgument when the URL leaves a choice.
Result<CameraInfo> choose_camera(Client& client, const base::LenswireUrl& url);

/// The stream that the URL names, or all that the camera captures.
/// Errors: NotFound, listing those there are, or saying why the camera has none.
Result<std::vector<StreamInfo>> choose_streams(const CameraInfo& camera,
                                               const base::LenswireUrl& url);

}  // namespace lenswire::cli
