// rtc_options.hpp - STUN and TURN servers on the command line.
#pragma once

#include <lenswire/rtc_servers.hpp>

#include "cli/command.hpp"

namespace lenswire::cli {

/// Adds --rtc-stun, --rtc-turn and --rtc-turn-password-file.
void add_rtc_options(CLI::App& command, RtcServers& servers);

}  // namespace lenswire::cli
