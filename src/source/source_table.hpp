// source_table.hpp - from a source URI to a Source.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/uri.hpp"

namespace lenswire::source {

/// What every source may use; outlives all sources.
struct SourceContext {
  const base::Clock& clock;
};

/// Makes a source from its URI without touching the device: that waits for run().
/// Errors: InvalidArgument for a bad path or option, naming it and what is accepted.
using MakeSource = Result<std::unique_ptr<Source>> (*)(base::SourceUri uri,
                                                       const SourceContext& context);

/// What stays the same of a camera, so that it is known again after the next start.
enum class KnownBy : std::uint8_t {
  Uri,      ///< the URI names the device, or its kind and, behind an @, its place
  Device,   ///< by `device`; where several have the same, by `place` too
  Nothing,  ///< it could not be asked
};

/// A camera that `lenswire ls --local`, `doctor` and `serve` may find by themselves.
struct FoundSource {
  std::string uri;          ///< "v4l2:/dev/video0"
  std::string description;  ///< "vivid, 640x480 YUYV, ..."
  KnownBy known_by = KnownBy::Uri;
  std::string device = {};  ///< "v4l2 HD Pro Webcam C920 1A2B3C4D, node 0"; empty with Uri
  std::string place = {};   ///< "usb-0000:00:14.0-1"; empty with Uri
};

struct SourceKind {
  std::string_view scheme;
  std::string_view summary;  ///< one line for --help
  std::string_view example;
  MakeSource make;
  std::vector<FoundSource> (*find)() = nullptr;  ///< null where nothing can be found
};

/// All kinds by scheme. The built-in ones are in builtin_sources.cpp; the command line adds the
/// remote one, which lives in the client layer.
///
/// Threading: add() before anything else runs; afterwards reentrant.
class SourceTable {
 public:
  /// With the built-in kinds.
  SourceTable();
  void add(const SourceKind& kind) { kinds_.push_back(kind); }

  /// Errors: InvalidArgument for a text that is no URI or bad options; Unsupported for an unknown
  /// scheme, naming those there are.
  Result<std::unique_ptr<Source>> make(std::string_view uri, const SourceContext& context) const;

  [[nodiscard]] std::span<const SourceKind> kinds() const noexcept { return kinds_; }

 private:
  std::vector<SourceKind> kinds_;
};

/// The built-in kinds, one line each.
[[nodiscard]] std::span<const SourceKind> builtin_sources() noexcept;

}  // namespace lenswire::source
