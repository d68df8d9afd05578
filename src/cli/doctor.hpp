// doctor.hpp - findings: what was looked at, how it is, what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/remote.hpp"

namespace lenswire::cli {

enum class Verdict { Good, Note, Problem };

struct Finding {
  Verdict verdict = Verdict::Good;
  std::string subject;  ///< "port 6480"
  std::string text;
  std::string remedy;  ///< empty where there is nothing to do
};

using Findings = std::vector<Finding>;

/// A failed step as a finding; our messages carry their remedy after the semicolon.
[[nodiscard]] Finding problem_from(std::string subject, const Error& error);

/// This machine: build, cameras, port, limits, clock, loopback.
[[nodiscard]] Findings examine_machine(const Context& context);

/// One server: name, connection, protocol, credentials, cameras, a frame of each stream.
/// Errors: Closed after a stop; all else is a finding.
Result<Findings> examine_server(const RemoteOptions& options, const Context& context);

}  // namespace lenswire::cli
