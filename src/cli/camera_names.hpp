// camera_names.hpp - which name a camera had that `lenswire serve` finds by itself.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/server.hpp>

#include "source/source_table.hpp"

namespace lenswire::cli {

/// Remembers cameras by what stays the same of them, so that "cam0" means the same one after the
/// next start, whatever else is plugged in then and in whatever order (docs/sources.md).
///
/// Threading: reentrant.
class CameraNames {
 public:
  static constexpr std::size_t kMaxFileBytes = 256 * 1024;
  /// Past it, those that were away for the most starts are forgotten.
  static constexpr std::size_t kMaxRemembered = 256;
  /// Longer texts about a camera are cut: such names are long by mistake.
  static constexpr std::size_t kMaxTextBytes = 200;

  /// Reads what to_text() wrote. Safe on hostile input.
  /// Errors: InvalidArgument, naming what is wrong.
  static Result<CameraNames> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;

  /// The cameras with their names, in the order of these. Who is known gets the old one: the very
  /// camera in its old place first, then one elsewhere that can be no other. Others get the lowest
  /// camN that nobody has or had.
  std::vector<CameraSettings> assign(std::span<const source::FoundSource> found);

  bool operator==(const CameraNames&) const = default;

 private:
  struct Known {
    std::string name;
    std::string device;
    std::string place;
    bool there = false;  // at the last start
    bool operator==(const Known&) const = default;
  };
  [[nodiscard]] std::string free_name(const std::set<std::string>& taken) const;

  std::vector<Known> known_;  // those seen last come first
};

/// Names the cameras by what `file` remembers, and remembers them there. Where that can't be read
/// or written, a warning says so and the cameras have the names they would have at a first start.
/// Without a file nothing is remembered.
std::vector<CameraSettings> name_found_cameras(std::span<const source::FoundSource> found,
                                               const std::string& file);

}  // namespace lenswire::cli
