#include "depth_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

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

struct Panel {
  const char* title;
  double DepthScore::*speed;
  double left;
};

constexpr double kPanelWidth = 380;
constexpr double kPanelHeight = 320;
constexpr double kTop = 50;

/// Where a value lies on a logarithmic axis from `low` to `high`, 0..1.
double on_axis(double value, double low, double high) {
  return std::log(value / low) / std::log(high / low);
}

void draw_panel(const DepthReport& report, const Panel& panel, std::string& svg) {
  double slow = 1e9;
  double fast = 0;
  double high = 0;
  for (const auto& [key, score] : report.geomean) {
    slow = std::min(slow, score.*panel.speed);
    fast = std::max(fast, score.*panel.speed);
    high = std::max(high, score.ratio);
  }
  slow /= 1.3;
  fast *= 1.6;
  high *= 1.3;
  const double bottom = kTop + kPanelHeight;
  auto to = std::back_inserter(svg);
  fmt::format_to(to,
                 "<rect x='{}' y='{}' width='{}' height='{}' fill='none' stroke='#999'/>"
                 "<text x='{}' y='{}' text-anchor='middle' font-weight='bold'>{}</text>\n",
                 panel.left, kTop, kPanelWidth, kPanelHeight, panel.left + kPanelWidth / 2,
                 kTop - 14, panel.title);
  for (double tick = 1; tick < 1e6; tick *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double value = tick * step;
      if (value > slow && value < fast) {
        const double x = panel.left + kPanelWidth * on_axis(value, slow, fast);
        fmt::format_to(to,
                       "<path d='M{:.1f} {}V{}' stroke='#ddd'/><text x='{:.1f}' y='{}' "
                       "text-anchor='middle'>{}</text>\n",
                       x, kTop, bottom, x, bottom + 16, value);
      }
      if (value <= high) {
        const double y = bottom - kPanelHeight * on_axis(value, 0.9, high);
        fmt::format_to(to,
                       "<path d='M{} {:.1f}H{}' stroke='#ddd'/><text x='{}' y='{:.1f}' "
                       "text-anchor='end'>{}</text>\n",
                       panel.left, y, panel.left + kPanelWidth, panel.left - 6, y + 4, value);
      }
    }
  }
  for (const CodecName& codec : report.codecs) {
    const DepthScore& score = report.geomean.at(codec.key);
    const double x = panel.left + kPanelWidth * on_axis(score.*panel.speed, slow, fast);
    const double y = bottom - kPanelHeight * on_axis(score.ratio, 0.9, high);
    const bool ours = codec.key.starts_with("strata");
    const bool right = x > panel.left + kPanelWidth * 0.7;
    fmt::format_to(to,
                   "<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}'/><text x='{:.1f}' y='{:.1f}' "
                   "text-anchor='{}'{}>{}</text>\n",
                   x, y, ours ? "#d33" : "#36c", x + (right ? -9 : 9), y + 4,
                   right ? "end" : "start", ours ? " font-weight='bold'" : "", codec.label);
  }
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

std::string to_svg(const DepthReport& report) {
  std::string svg =
      "<svg xmlns='http://www.w3.org/2000/svg' width='900' height='430' font-family='sans-serif' "
      "font-size='12'><rect width='900' height='430' fill='white'/>\n";
  draw_panel(report, {"encode", &DepthScore::encode_mbps, 60}, svg);
  draw_panel(report, {"decode", &DepthScore::decode_mbps, 500}, svg);
  svg +=
      "<text x='450' y='415' text-anchor='middle'>raw MB/s on one thread (right: faster)</text>"
      "<text transform='translate(18 210) rotate(-90)' text-anchor='middle'>compression ratio (up: "
      "smaller)</text>\n</svg>\n";
  return svg;
}

}  // namespace lenswire::bench
