// depth_report.hpp - results of the depth benchmark, and how they are shown.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lenswire::bench {

struct DepthScore {
  double ratio = 0;        ///< raw bytes / compressed bytes
  double encode_mbps = 0;  ///< raw megabytes per second
  double decode_mbps = 0;
  bool exact = true;         ///< all images came back bit for bit
  bool within_limit = true;  ///< all errors allowed by the codec's own promise
};

struct CodecName {
  std::string key;
  std::string label;
};

struct DepthReport {
  std::vector<CodecName> codecs;
  std::vector<std::string> folders;
  std::map<std::string, std::map<std::string, DepthScore>> scores;  ///< by folder, then codec key
  std::map<std::string, DepthScore> geomean;                        ///< by codec key
};

/// Fills `geomean` from `scores`.
void summarise(DepthReport& report);

[[nodiscard]] std::string to_json(const DepthReport& report);
[[nodiscard]] std::string to_table(const DepthReport& report);
/// Ratio against speed, one panel for each direction, on logarithmic axes. Written in
/// depth_chart.cpp.
[[nodiscard]] std::string to_svg(const DepthReport& report);

}  // namespace lenswire::bench
