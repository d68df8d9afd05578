#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "depth_report.hpp"

namespace lenswire::bench {
namespace {

constexpr double kWidth = 900;
constexpr double kHeight = 470;
constexpr double kPanelWidth = 380;
constexpr double kPanelHeight = 320;
constexpr double kTop = 88;
constexpr double kBottom = kTop + kPanelHeight;
constexpr double kDot = 5;

constexpr const char* kOurColour = "#c22";
constexpr const char* kTheirColour = "#36c";

struct Box {
  double left;
  double top;
  double right;
  double bottom;
};

double area(const Box& b) {
  return std::max(b.right - b.left, 0.0) * std::max(b.bottom - b.top, 0.0);
}

Box common(const Box& a, const Box& b) {
  return {std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right),
          std::min(a.bottom, b.bottom)};
}

/// A logarithmic axis from `low` to `high`.
struct Axis {
  double low;
  double high;
  [[nodiscard]] bool holds(double value) const { return value > low && value < high; }
  /// 0 at `low`, 1 at `high`.
  [[nodiscard]] double at(double value) const {
    return std::log(value / low) / std::log(high / low);
  }
};

struct Dot {
  double x;
  double y;
  std::string label;
  bool ours;
  bool exact;
  [[nodiscard]] Box box(double half) const { return {x - half, y - half, x + half, y + half}; }
};

/// Where a label stands beside its dot.
struct Place {
  double dx;
  double dy;
  const char* anchor;
};

// The earlier, the better.
constexpr Place kPlaces[] = {{9, 4, "start"},   {-9, 4, "end"},   {0, -9, "middle"},
                             {0, 18, "middle"}, {7, -6, "start"}, {7, 15, "start"},
                             {-7, -6, "end"},   {-7, 15, "end"}};

/// About what a browser makes of the label: only its font knows exactly.
Box label_box(const Dot& dot, const Place& place) {
  const double width = static_cast<double>(dot.label.size()) * (dot.ours ? 8.0 : 7.2);
  const std::string anchor = place.anchor;
  const double x = dot.x + place.dx;
  const double left = anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2;
  return {left, dot.y + place.dy - 11, left + width, dot.y + place.dy + 3};
}

/// The place of each label that covers the least of the others and of the dots.
std::vector<Place> place_labels(const std::vector<Dot>& dots, const Box& frame) {
  std::vector<Box> taken;
  for (const Dot& dot : dots) taken.push_back(dot.box(kDot + 3));
  std::vector<Place> places;
  for (const Dot& dot : dots) {
    const auto cost = [&](const Place& place) {
      const Box box = label_box(dot, place);
      double covered = 4 * (area(box) - area(common(box, frame)));
      for (const Box& other : taken) covered += area(common(box, other));
      return covered;
    };
    const Place& best =
        *std::min_element(std::begin(kPlaces), std::end(kPlaces),
                          [&](const Place& a, const Place& b) { return cost(a) < cost(b); });
    places.push_back(best);
    taken.push_back(label_box(dot, best));
  }
  return places;
}

std::string dot_svg(double x, double y, bool ours, bool exact) {
  const char* colour = ours ? kOurColour : kTheirColour;
  return fmt::format(
      "<circle cx='{:.1f}' cy='{:.1f}' r='{}' fill='{}' stroke='{}' stroke-width='2'/>", x, y,
      kDot - 1, exact ? colour : "white", colour);
}

std::string tick_label(double value) {
  return value < 10000 ? fmt::format("{}", value) : fmt::format("{}k", value / 1000);
}

void draw_grid(double left, const Axis& speed, const Axis& ratio, std::string& svg) {
  auto to = std::back_inserter(svg);
  for (double decade = 1; decade < 1e6; decade *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      const double value = decade * step;
      if (speed.holds(value)) {
        const double x = left + kPanelWidth * speed.at(value);
        fmt::format_to(to,
                       "<path d='M{:.1f} {}V{}' stroke='#ddd'/><text x='{:.1f}' y='{}' "
                       "text-anchor='middle'>{}</text>\n",
                       x, kTop, kBottom, x, kBottom + 16, tick_label(value));
      }
      if (ratio.holds(value)) {
        const double y = kBottom - kPanelHeight * ratio.at(value);
        fmt::format_to(to,
                       "<path d='M{} {:.1f}H{}' stroke='#ddd'/><text x='{}' y='{:.1f}' "
                       "text-anchor='end'>{}</text>\n",
                       left, y, left + kPanelWidth, left - 6, y + 4, tick_label(value));
      }
    }
  }
}

struct Panel {
  const char* title;
  double DepthScore::*speed;
  double left;
};

void draw_panel(const DepthReport& report, const Panel& panel, std::string& svg) {
  Axis speed{1e9, 0};
  Axis ratio{0.9, 0};
  for (const auto& [key, score] : report.geomean) {
    speed.low = std::min(speed.low, score.*panel.speed / 1.3);
    speed.high = std::max(speed.high, score.*panel.speed * 1.3);
    ratio.low = std::min(ratio.low, score.ratio / 1.1);
    ratio.high = std::max(ratio.high, score.ratio * 1.3);
  }
  std::vector<Dot> dots;
  for (const CodecName& codec : report.codecs) {
    const DepthScore& score = report.geomean.at(codec.key);
    dots.push_back({panel.left + kPanelWidth * speed.at(score.*panel.speed),
                    kBottom - kPanelHeight * ratio.at(score.ratio), codec.label,
                    codec.key.starts_with("strata"), score.exact});
  }
  const std::vector<Place> places =
      place_labels(dots, {panel.left, kTop, panel.left + kPanelWidth, kBottom});
  auto to = std::back_inserter(svg);
  fmt::format_to(to, "<text x='{}' y='{}' text-anchor='middle' font-weight='bold'>{}</text>\n",
                 panel.left + kPanelWidth / 2, kTop - 10, panel.title);
  draw_grid(panel.left, speed, ratio, svg);
  fmt::format_to(to, "<rect x='{}' y='{}' width='{}' height='{}' fill='none' stroke='#999'/>\n",
                 panel.left, kTop, kPanelWidth, kPanelHeight);
  for (std::size_t i = 0; i < dots.size(); ++i) {
    const Dot& dot = dots[i];
    // The white rim keeps the letters off the grid.
    fmt::format_to(to,
                   "{}<text x='{:.1f}' y='{:.1f}' text-anchor='{}'{} stroke='white' "
                   "stroke-width='3' paint-order='stroke'>{}</text>\n",
                   dot_svg(dot.x, dot.y, dot.ours, dot.exact), dot.x + places[i].dx,
                   dot.y + places[i].dy, places[i].anchor, dot.ours ? " font-weight='bold'" : "",
                   dot.label);
  }
}

void draw_legend(const DepthReport& report, std::string& svg) {
  struct Entry {
    const char* text;
    bool ours;
    bool exact;
  };
  double x = 60;
  for (const Entry& entry :
       {Entry{"Strata, exact", true, true}, Entry{"Strata, off by one code at most", true, false},
        Entry{"others, exact", false, true}}) {
    const bool shown =
        std::any_of(report.codecs.begin(), report.codecs.end(), [&](const CodecName& codec) {
          return codec.key.starts_with("strata") == entry.ours &&
                 report.geomean.at(codec.key).exact == entry.exact;
        });
    if (!shown) continue;
    svg += fmt::format("{}<text x='{}' y='50'>{}</text>\n",
                       dot_svg(x + kDot, 46, entry.ours, entry.exact), x + 16, entry.text);
    x += 46 + 7.2 * static_cast<double>(std::char_traits<char>::length(entry.text));
  }
}

}  // namespace

std::string to_svg(const DepthReport& report) {
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{1}' viewBox='0 0 {0} {1}' "
      "font-family='sans-serif' font-size='12'><rect width='{0}' height='{1}' fill='white'/>\n"
      "<text x='60' y='26' font-size='15' font-weight='bold'>Compressing depth images on one "
      "thread</text><text x='{2}' y='26' text-anchor='end'>geometric mean of {3} {4}</text>\n",
      kWidth, kHeight, kWidth - 20, report.folders.size(),
      report.folders.size() == 1 ? "folder" : "folders");
  draw_legend(report, svg);
  draw_panel(report, {"encode", &DepthScore::encode_mbps, 60}, svg);
  draw_panel(report, {"decode", &DepthScore::decode_mbps, 500}, svg);
  svg += fmt::format(
      "<text x='{}' y='{}' text-anchor='middle'>MB/s of raw pixels (right: faster)</text>"
      "<text transform='translate(18 {}) rotate(-90)' text-anchor='middle'>compression ratio (up: "
      "smaller)</text>\n</svg>\n",
      kWidth / 2, kBottom + 42, (kTop + kBottom) / 2);
  return svg;
}

}  // namespace lenswire::bench
