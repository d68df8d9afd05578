// source_grab.hpp - frames of a source as files, without a server between.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>

#include "base/stop_token.hpp"
#include "cli/frame_files.hpp"

namespace lenswire::cli {

/// Whether this is the URI of a source that runs in this process, rather than the address of a
/// lenswire server.
[[nodiscard]] bool is_source_uri(std::string_view text);

struct SourceGrab {
  std::string uri;
  std::uint64_t frames = 1;  ///< of each stream
  std::string filter;        ///< for depth streams
  Nanoseconds timeout{};     ///< without a frame
  std::function<FileFormat(const StreamProfile&)> format;
};

struct SourceGrabbed {
  std::size_t streams = 0;
  std::uint64_t frames = 0;
  std::uint64_t missed = 0;
};

/// Runs the source until each of its streams has given as many frames, and writes them as they
/// come.
///
/// Errors: those of the source and of FrameFiles; Timeout; Closed after a stop, or where the source
/// ended before.
Result<SourceGrabbed> grab_from_source(const SourceGrab& grab, FrameFiles& files,
                                       const base::StopToken& stop);

}  // namespace lenswire::cli
