// command.hpp - what main() and the commands know of each other.
#pragma once

#include <string>

#include <lenswire/result.hpp>

#include "base/stop_token.hpp"

namespace CLI {
class App;
}

namespace lenswire::cli {

/// Given to every command. Outlives the parse.
struct Context {
  base::StopToken stop;  ///< asked for by SIGINT and SIGTERM; a second signal ends the process
  int exit_code = 0;

  /// Reports a failure on stderr as `lenswire: MESSAGE` and sets the exit code. Closed after a stop
  /// is no failure of the command: the exit code is 130, and nothing is printed.
  void finish(const Result<void>& result);
};

/// One command: adds its subcommand, whose callback ends with Context::finish().
using AddCommand = void (*)(CLI::App& app, Context& context);

void add_ball_client(CLI::App& app, Context& context);
void add_bench_loop(CLI::App& app, Context& context);
void add_calibration(CLI::App& app, Context& context);
void add_depth(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_get(CLI::App& app, Context& context);
void add_grab(CLI::App& app, Context& context);
void add_ls(CLI::App& app, Context& context);
void add_ping(CLI::App& app, Context& context);
void add_push(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_set(CLI::App& app, Context& context);
void add_stat(CLI::App& app, Context& context);
void add_test_camera(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);

}  // namespace lenswire::cli
