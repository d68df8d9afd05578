// filters.cpp - how many milliseconds does each depth filter take on one core?
//
// At 640x480 and 1280x720, on a scene with surfaces, noise, edges and holes, or on a folder of real
// frames. OpenCV's nearest equivalent runs in the same minute, window by window in turn. Times are
// the thread's CPU time, so that other work on the machine disturbs little; the median of the
// windows is reported.
#include "filters.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "filter/align.hpp"
#include "filter/colorize.hpp"
#include "filter/filter_chain.hpp"
#include "filter/points.hpp"
#include "filters_rivals.hpp"

namespace lenswire::bench {
namespace {

struct Size {
  std::uint32_t width, height;
};

struct Scene {
  std::vector<frame::Image> depth;  // a few, so that no filter meets the same picture twice
  frame::Image color;
  StreamProfile depth_profile;
  StreamProfile color_profile;
};

constexpr double kUnitM = 0.001;

// A room with a slanted floor, a wall and a ball, noise that grows with the distance, and holes
// where a stereo camera has them: beside edges and in spots. About one pixel in six has no depth.
frame::Image paint_depth(const Size& size, std::uint32_t seed) {
  frame::Image image;
  image.reshape(PixelFormat::Z16, size.width, size.height);
  std::uint32_t random = seed * 747796405U + 1;
  for (std::uint32_t y = 0; y < size.height; ++y)
    for (std::uint32_t x = 0; x < size.width; ++x) {
      random = random * 1664525U + 1013904223U;
      const double u = (x + 0.5) / size.width - 0.5, v = (y + 0.5) / size.height - 0.5;
      double z = 3.5 + u;
      if (v > 0.1) z = std::min(z, 0.35 / v);
      const double ball = std::hypot(u + 0.1 - 0.01 * seed, v * 0.56);
      if (ball < 0.12) z = 1.2 - std::sqrt(0.0144 - ball * ball);
      const bool shadow = ball >= 0.12 && ball < 0.15 && u < -0.1;
      const bool spot = std::sin(40 * u) * std::sin(31 * v + 2) > 0.8;
      z += 0.002 * z * z * ((random >> 20) / 4096.0 - 0.5);
      const auto code =
          static_cast<std::uint16_t>(shadow || spot ? 0 : std::lround(std::max(z, 0.2) / kUnitM));
      std::memcpy(image.data.data() + y * std::size_t{image.stride_bytes} + 2 * std::size_t{x},
                  &code, 2);
    }
  return image;
}

Scene make_scene(const Size& size) {
  Scene scene;
  for (std::uint32_t i = 0; i < 4; ++i) scene.depth.push_back(paint_depth(size, i));
  scene.color.reshape(PixelFormat::RGB8, size.width, size.height);
  for (std::size_t i = 0; i < scene.color.data.size(); ++i)
    scene.color.data[i] = static_cast<std::byte>(i * 31 >> 3);
  // Fields of view as of a D435: the depth camera sees wider than the colour camera.
  const auto camera = [&](double focal_of_width) {
    const double f = focal_of_width * size.width;
    return Intrinsics{size.width,
                      size.height,
                      f,
                      f,
                      size.width / 2.0 + 1.3,
                      size.height / 2.0 - 2.1,
                      DistortionModel::None,
                      {}};
  };
  auto& depth = scene.depth_profile;
  depth.stream = "depth";
  depth.kind = StreamKind::Depth;
  depth.format = PixelFormat::Z16;
  depth.width = size.width;
  depth.height = size.height;
  depth.depth_unit_m = kUnitM;
  depth.intrinsics = camera(0.5);
  auto& color = scene.color_profile;
  color = depth;
  color.stream = "color";
  color.kind = StreamKind::Color;
  color.format = PixelFormat::RGB8;
  color.depth_unit_m = 0;
  color.intrinsics = camera(0.71);
  const double a = 0.004;  // a little turned, as real devices are
  color.reference_from_stream =
      Extrinsics{{std::cos(a), -std::sin(a), 0, std::sin(a), std::cos(a), 0, 0, 0, 1},
                 {0.015, 0.0003, 0.0002}};
  return scene;
}

using Run = std::function<bool(const frame::Image& depth)>;

struct Lane {
  std::string name;
  Run ours;
  FilterRival rival;
  std::vector<double> ours_ms, rival_ms;
};

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Run chain_run(const Scene& scene, const std::string& text) {
  const auto chain = filter::parse_filter_chain(text);
  if (!chain) return [](const auto&) { return false; };
  auto runner = std::make_shared<filter::ChainRunner>(*chain);
  auto profile = std::make_shared<StreamProfile>(scene.depth_profile);
  return [runner, profile](const frame::Image& depth) {
    return runner->run(depth.view(), profile).has_value();
  };
}

Run align_run(const StreamProfile& depth, const StreamProfile& color) {
  const auto pair = filter::AlignedPair::of(depth, color);
  auto align = pair ? filter::DepthToColor::make(*pair, kUnitM)
                    : Result<filter::DepthToColor>(fail(pair.error()));
  if (!align) return [](const auto&) { return false; };
  auto shared = std::make_shared<filter::DepthToColor>(std::move(*align));
  auto out = std::make_shared<frame::Image>();
  return [shared, out](const frame::Image& image) {
    return shared->run(image.view(), *out).has_value();
  };
}

std::vector<Lane> make_lanes(const Scene& scene) {
  std::vector<Lane> lanes;
  const auto pair = filter::AlignedPair::of(scene.depth_profile, scene.color_profile);
  const auto add = [&](const std::string& name, Run run) {
    lanes.push_back(
        {name,
         std::move(run),
         filter_rival(name, scene.depth[0], scene.color, pair->from, pair->to, pair->to_from_from),
         {},
         {}});
  };
  for (const char* chain : {"decimate:2", "decimate:3", "decimate:4", "threshold:0.3:4", "spatial",
                            "temporal", "holes:left", "holes:farthest", "holes:nearest"})
    add(chain, chain_run(scene, chain));
  // There and back is one call each; the chain measures both, so it is halved below.
  add("disparity", chain_run(scene, "disparity,depth"));
  auto picture = std::make_shared<frame::Image>();
  for (const auto& [name, range] : {std::pair{"colorize fixed", filter::ColorRange::Fixed},
                                    {"colorize histogram", filter::ColorRange::Histogram}})
    add(name, [picture, range](const frame::Image& depth) {
      return filter::colorize(depth.view(), kUnitM, 0, 4, *picture, filter::ColorMap::Turbo, range)
          .has_value();
    });
  add("gray8", [picture](const frame::Image& depth) {
    return filter::gray8(depth.view(), kUnitM, 10, *picture).has_value();
  });
  add("align depth to color", align_run(scene.depth_profile, scene.color_profile));
  auto bent_color = scene.color_profile;
  bent_color.intrinsics->model = DistortionModel::BrownConrady;
  bent_color.intrinsics->distortion = {-0.055, 0.065, 0.0005, -0.0003, -0.02, 0, 0, 0};
  add("align depth to color, bent lens", align_run(scene.depth_profile, bent_color));
  auto to_depth = filter::ColorToDepth::make(*pair, kUnitM);
  auto shared = std::make_shared<filter::ColorToDepth>(std::move(*to_depth));
  add("align color to depth", [shared, picture, &scene](const frame::Image& depth) {
    return shared->run(depth.view(), scene.color.view(), *picture).has_value();
  });
  auto cloud = std::make_shared<filter::PointCloud>(
      std::move(*filter::PointCloud::make(*scene.depth_profile.intrinsics, kUnitM)));
  add("points", [cloud, picture](const frame::Image& depth) {
    return cloud->run(depth.view(), *picture).has_value();
  });
  return lanes;
}

template <typename OneFrame>
double window_ms(int frames, const OneFrame& one_frame) {
  const double start = cpu_ms();
  for (int i = 0; i < frames; ++i) one_frame(i);
  return (cpu_ms() - start) / frames;
}

bool measure(const Scene& scene, std::vector<Lane>& lanes, int windows, int frames) {
  bool good = true;
  for (int window = 0; window < windows + 1; ++window)  // the first one warms up
    for (auto& lane : lanes) {
      const double share = lane.name == "disparity" ? 0.5 : 1;
      const double ours =
          share * window_ms(frames, [&](int i) {
            good = lane.ours(scene.depth[static_cast<std::size_t>(i) % scene.depth.size()]) && good;
          });
      if (window > 0) lane.ours_ms.push_back(ours);
      if (!lane.rival.run) continue;
      const double rival = window_ms(frames, [&](int) { lane.rival.run(); });
      if (window > 0) lane.rival_ms.push_back(rival);
    }
  return good;
}

}  // namespace

int run_filters(int argc, char** argv) {
  CLI::App app("Milliseconds a frame of every depth filter on one core, beside OpenCV's nearest");
  int windows = 9, frames = 10;
  bool as_json = false;
  app.add_option("--windows", windows, "Windows per filter; their median counts")
      ->check(CLI::Range(1, 1000));
  app.add_option("--frames", frames, "Frames per window")->check(CLI::Range(1, 1000));
  app.add_flag("--json", as_json, "One line of JSON per filter and size");
  app.footer("Example: lenswire-bench filters --json");
  CLI11_PARSE(app, argc, argv);
  for (const Size size : {Size{640, 480}, Size{1280, 720}}) {
    const auto scene = make_scene(size);
    auto lanes = make_lanes(scene);
    if (!measure(scene, lanes, windows, frames)) {
      std::fprintf(stderr, "lenswire-bench filters: a filter failed\n");
      return 1;
    }
    if (!as_json) std::printf("\n%ux%u, ms a frame (CPU time)\n", size.width, size.height);
    for (const auto& lane : lanes) {
      const double ours = median(lane.ours_ms), rival = median(lane.rival_ms);
      if (as_json) {
        nlohmann::json line = {
            {"filter", lane.name}, {"width", size.width}, {"height", size.height}, {"ms", ours}};
        if (lane.rival.run) line["opencv"] = {{"what", lane.rival.what}, {"ms", rival}};
        std::printf("%s\n", line.dump().c_str());
      } else if (lane.rival.run) {
        std::printf("  %-32s %7.3f   OpenCV %7.3f  %s\n", lane.name.c_str(), ours, rival,
                    lane.rival.what.c_str());
      } else {
        std::printf("  %-32s %7.3f\n", lane.name.c_str(), ours);
      }
    }
  }
  return 0;
}

}  // namespace lenswire::bench
