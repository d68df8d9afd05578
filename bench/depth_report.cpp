#include "depth_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lenswire::bench {
namespace {

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

std::string json_scores(const DepthReport& report,
                        const std::map<std::string, DepthScore>& scores) {
  std::string out = "{";
  for (const CodecName& codec : report.codecs) {
    const DepthScore& s = scores.at(codec.key);
    out += fmt::format(
        "{}{}: {{\"ratio\": {:.4f}, \"encode_mbps\": {:.1f}, \"decode_mbps\": {:.1f}, "
        "\"exact\": {}, \"within_limit\": {}}}",
        out.size() > 1 ? ", " : "", json_string(codec.key), s.ratio, s.encode_mbps, s.decode_mbps,
        s.exact, s.within_limit);
  }
  return out + "}";
}

}  // namespace

void summarise(DepthReport& report) {
  report.geomean.clear();
  for (const CodecName& codec : report.codecs) {
    DepthScore sum;
    for (const std::string& folder : report.folders) {
      const DepthScore& s = report.scores.at(folder).at(codec.key);
      sum.ratio += std::log(s.ratio);
      sum.encode_mbps += std::log(s.encode_mbps);
      sum.decode_mbps += std::log(s.decode_mbps);
      sum.exact = sum.exact && s.exact;
      sum.within_limit = sum.within_limit && s.within_limit;
    }
    const auto count = static_cast<double>(report.folders.size());
    sum.ratio = std::exp(sum.ratio / count);
    sum.encode_mbps = std::exp(sum.encode_mbps / count);
    sum.decode_mbps = std::exp(sum.decode_mbps / count);
    report.geomean[codec.key] = sum;
  }
}

std::string to_json(const DepthReport& report) {
  std::string out = "{\"folders\": {";
  for (const std::string& folder : report.folders)
    out += (folder == report.folders.front() ? "" : ", ") + json_string(folder) + ": " +
           json_scores(report, report.scores.at(folder));
  return out + "}, \"geomean\": " + json_scores(report, report.geomean) + "}\n";
}

std::string to_table(const DepthReport& report) {
  std::string out;
  const auto add = [&](const std::string& title, const std::map<std::string, DepthScore>& scores) {
    out += fmt::format("{}\n  {:<24}{:>8}{:>14}{:>14}\n", title, "", "ratio", "encode MB/s",
                       "decode MB/s");
    for (const CodecName& codec : report.codecs) {
      const DepthScore& s = scores.at(codec.key);
      out += fmt::format("  {:<24}{:>8.2f}{:>14.0f}{:>14.0f}{}\n", codec.label, s.ratio,
                         s.encode_mbps, s.decode_mbps, s.within_limit ? "" : "  WRONG PIXELS");
    }
  };
  for (const std::string& folder : report.folders) add(folder, report.scores.at(folder));
  if (report.folders.size() > 1) add("geometric mean", report.geomean);
  return out;
}

}  // namespace lenswire::bench
