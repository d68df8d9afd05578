// version.cpp - lenswire version, and what doctor says of the build.
#include "cli/version.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/sources.hpp"
#include "cli/text.hpp"
#include "codec/codec.hpp"
#include "wire/lwp/message.hpp"

namespace lenswire::cli {

BuildInfo build_info() {
  BuildInfo info;
  info.version = LENSWIRE_VERSION;
  info.build_type = LENSWIRE_BUILD_TYPE;
#if defined(__clang__)
  info.compiler = fmt::format("clang {}.{}", __clang_major__, __clang_minor__);
#else
  info.compiler = fmt::format("gcc {}.{}", __GNUC__, __GNUC_MINOR__);
#endif
  info.protocol_version = wire::lwp::kVersion;
  for (const auto& entry : codec::codec_table()) info.codecs.emplace_back(entry.name);
  const auto table = all_sources();
  for (const auto& kind : table.kinds()) info.sources.emplace_back(kind.scheme);
  return info;
}

void add_version(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("version", "Show the version and what this build can do");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One line of JSON");
  command->footer("Example: lenswire version --json");
  command->callback([json] {
    const auto info = build_info();
    if (*json)
      fmt::print("{}\n", json_line({{"version", info.version},
                                    {"build_type", info.build_type},
                                    {"compiler", info.compiler},
                                    {"protocol_version", info.protocol_version},
                                    {"codecs", info.codecs},
                                    {"sources", info.sources}}));
    else
      fmt::print("lenswire {} ({}, {})\nprotocol {}\ncodecs: {}\nsources: {}\n", info.version,
                 info.build_type, info.compiler, info.protocol_version,
                 fmt::join(info.codecs, ", "), fmt::join(info.sources, ", "));
  });
}

}  // namespace lenswire::cli
