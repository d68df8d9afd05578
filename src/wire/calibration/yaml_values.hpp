// yaml_values.hpp - the part of YAML that calibration files are written in.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::wire {

/// The values of a document by their path, "camera_matrix.data"; a value that is no list has one
/// member.
using YamlValues = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Reads maps by indentation or in braces, lists in brackets (over several lines too) or with
/// dashes, quotes, comments and tags, of which OpenCV's `!!opencv-matrix` and all others are left
/// out. No anchors, no block texts, no documents after the first. At most 64 KiB, 512 values, 4096
/// list members in all, and 8 levels.
///
/// Errors: InvalidArgument with the line. Safe on hostile input. Threading: reentrant.
Result<YamlValues> parse_yaml_values(std::string_view text);

}  // namespace lenswire::wire
