// main.cpp - the `lenswire` command.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

constexpr std::array kCommands = {add_ball_client, add_bench_loop,  add_calibration, add_serve,
                                  add_ls,          add_grab,        add_stat,        add_ping,
                                  add_get,         add_set,         add_depth,       add_push,
                                  add_doctor,      add_test_camera, add_version};

base::StopSource* g_stop = nullptr;

extern "C" void on_signal(int) {
  // request_stop() stores a flag and writes to a descriptor: both may be done here.
  if (g_stop->token().stop_requested()) ::_exit(kExitInterrupted);
  g_stop->request_stop();
}

void handle_signals(base::StopSource& stop) {
  g_stop = &stop;
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int run(int argc, char** argv) {
  base::StopSource stop;
  handle_signals(stop);
  Context context{stop.token()};
  CLI::App app("lenswire: any camera, exact depth, every client");
  app.name("lenswire");
  app.require_subcommand(1);
  app.footer(
      "`lenswire COMMAND --help` explains each command, with an example.\n"
      "Exit codes are listed in docs/manual.md.");
  for (const auto add : kCommands) add(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    fmt::print(stderr, "lenswire: {}; `lenswire {}--help` shows what is possible\n",
               printable(error.what()),
               app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " ");
    return exit_code(ErrorCode::InvalidArgument);
  }
  if (std::fflush(stdout) != 0 && context.exit_code == 0) context.exit_code = kExitInternal;
  return context.exit_code;
}

}  // namespace

void Context::finish(const Result<void>& result) {
  if (result) return;
  if (result.error().code == ErrorCode::Closed && stop.stop_requested()) {
    exit_code = kExitInterrupted;
    return;
  }
  exit_code = cli::exit_code(result.error().code);
  fmt::print(stderr, "lenswire: {}\n", printable(result.error().message));
}

}  // namespace lenswire::cli

int main(int argc, char** argv) {
  try {
    return lenswire::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lenswire: internal error (%s); please report it\n", error.what());
    return lenswire::cli::kExitInternal;
  }
}
