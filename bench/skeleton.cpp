#include "bench/skeleton.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/module.hpp"
#include "bench/statistics.hpp"
#include "filter/skeleton_maker.hpp"
#include "source/synthetic/room_renderer.hpp"

namespace lenswire::bench {
namespace {

using nlohmann::ordered_json;
using source::synthetic::RoomMoment;
using source::synthetic::RoomRenderer;

struct Options {
  int frames = 300;
  double rate_hz = 20;
  unsigned figures = 1;
  std::uint32_t width = 640;
  std::uint32_t height = 480;
  std::uint64_t seed = 1;
  bool json = false;
};

/// A joint counts as right within this share of the torso's length in pixels, or within 100 mm.
constexpr double kRightTorsos = 0.2;
constexpr double kRightMm = 100;

/// What was found already, so that steady and plain joints come from one estimate.
class Given final : public filter::PoseEstimator {
 public:
  explicit Given(const std::vector<Person>& persons) : persons_(persons) {}
  Result<void> estimate(const frame::ImageView&, std::vector<Person>& out) override {
    out = persons_;
    return {};
  }

 private:
  const std::vector<Person>& persons_;
};

struct Errors {
  std::vector<double> px;
  std::vector<double> mm;
  int right_px = 0;
  int right_mm = 0;
  int truths = 0;

  void add(const Joint& truth, const Joint& found, double torso_px) {
    const double px_off = std::hypot(found.x_px - truth.x_px, found.y_px - truth.y_px);
    px.push_back(px_off);
    if (px_off <= kRightTorsos * torso_px) ++right_px;
    if (!found.position.known()) return;
    const double mm_off = 1000 * std::hypot(found.position.x_m - truth.position.x_m,
                                            found.position.y_m - truth.position.y_m,
                                            found.position.z_m - truth.position.z_m);
    mm.push_back(mm_off);
    if (mm_off <= kRightMm) ++right_mm;
  }
  void add(const Errors& other) {
    px.insert(px.end(), other.px.begin(), other.px.end());
    mm.insert(mm.end(), other.mm.begin(), other.mm.end());
    right_px += other.right_px;
    right_mm += other.right_mm;
    truths += other.truths;
  }
  [[nodiscard]] ordered_json json() const {
    const auto three = [](const std::vector<double>& values) -> ordered_json {
      double sum = 0;
      for (const double value : values) sum += value;
      const auto count = static_cast<double>(std::max<std::size_t>(values.size(), 1));
      return {{"mean", sum / count}, {"median", median(values)}, {"p95", percentile(values, 0.95)}};
    };
    const auto all = static_cast<double>(std::max(truths, 1));
    return {{"px", three(px)},
            {"mm", three(mm)},
            {"found", static_cast<double>(px.size()) / all},
            {"lifted", static_cast<double>(mm.size()) / all},
            {"pck_torso_0.2", right_px / all},
            {"pck_100mm", right_mm / all}};
  }
};

using JointErrors = std::array<Errors, kJointCount>;

double distance(const Person& a, const Person& b) {
  double sum = 0;
  for (std::size_t i = 0; i < kJointCount; ++i)
    sum += std::hypot(a.joints[i].x_px - b.joints[i].x_px, a.joints[i].y_px - b.joints[i].y_px);
  return sum / static_cast<double>(kJointCount);
}

double torso_px(const Person& person) {
  const auto middle = [&person](JointId a, JointId b) {
    const auto& p = person.joint(a);
    const auto& q = person.joint(b);
    return std::array<double, 2>{(p.x_px + q.x_px) / 2.0, (p.y_px + q.y_px) / 2.0};
  };
  const auto shoulders = middle(JointId::LeftShoulder, JointId::RightShoulder);
  const auto hips = middle(JointId::LeftHip, JointId::RightHip);
  return std::hypot(shoulders[0] - hips[0], shoulders[1] - hips[1]);
}

void compare(const Skeleton& truth, const Skeleton& found, JointErrors& errors) {
  for (const auto& person : truth.persons) {
    const Person* nearest = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& candidate : found.persons) {
      const double apart = distance(person, candidate);
      if (apart >= least) continue;
      least = apart;
      nearest = &candidate;
    }
    const double torso = torso_px(person);
    for (std::size_t i = 0; i < kJointCount; ++i) {
      ++errors[i].truths;
      // A joint that is said to be unseen is missing, not wrong.
      if (nearest && nearest->joints[i].seen())
        errors[i].add(person.joints[i], nearest->joints[i], torso);
    }
  }
}

ordered_json report(const JointErrors& errors) {
  ordered_json out;
  Errors all;
  for (const auto& joint : errors) all.add(joint);
  out["all"] = all.json();
  for (std::size_t i = 0; i < kJointCount; ++i)
    out[std::string(to_string(static_cast<JointId>(i)))] = errors[i].json();
  return out;
}

void print_table(const char* title, const ordered_json& rows) {
  fmt::print(
      "\n{:<15} {:>22}   {:>25}   {:>6} {:>6}\n{:<15} {:>6} {:>7} {:>7}   {:>7} {:>8} {:>8}"
      "   {:>6} {:>6}\n",
      title, "error, px", "error, mm", "PCK", "PCK", "joint", "mean", "median", "p95", "mean",
      "median", "p95", "0.2", "100mm");
  for (const auto& [name, row] : rows.items())
    fmt::print(
        "{:<15} {:>6.1f} {:>7.1f} {:>7.1f}   {:>7.0f} {:>8.0f} {:>8.0f}   {:>5.0f}% {:>5.0f}%\n",
        name, row["px"]["mean"].get<double>(), row["px"]["median"].get<double>(),
        row["px"]["p95"].get<double>(), row["mm"]["mean"].get<double>(),
        row["mm"]["median"].get<double>(), row["mm"]["p95"].get<double>(),
        100 * row["pck_torso_0.2"].get<double>(), 100 * row["pck_100mm"].get<double>());
}

struct Scene {
  explicit Scene(const Options& options)
      : renderer(options.width, options.height, options.seed, options.figures),
        color(std::size_t{options.width} * options.height * 3),
        depth(std::size_t{options.width} * options.height) {
    color_profile.format = PixelFormat::RGB8;
    color_profile.width = options.width;
    color_profile.height = options.height;
    color_profile.intrinsics = renderer.scene().color_camera();
    color_profile.reference_from_stream = renderer.scene().depth_from_color();
    depth_profile = color_profile;
    depth_profile.format = PixelFormat::Z16;
    depth_profile.depth_unit_m = 0.001;
    depth_profile.intrinsics = renderer.scene().depth_camera();
    depth_profile.reference_from_stream = Extrinsics{};
  }

  void render(std::uint64_t number, std::uint64_t scene_us) {
    RoomMoment moment;
    moment.number = number;
    moment.scene_us = scene_us;
    renderer.render_color(moment, PixelFormat::RGB8, color);
    renderer.render_depth(moment, depth);
    room_truth(renderer.scene(), scene_us, true, truth);
  }
  [[nodiscard]] filter::ProfiledPicture color_picture() const {
    const auto& p = color_profile;
    return {{p.format, p.width, p.height, p.width * 3, color}, &p};
  }
  [[nodiscard]] filter::ProfiledPicture depth_picture() const {
    const auto& p = depth_profile;
    return {{p.format, p.width, p.height, p.width * 2,
             std::as_bytes(std::span<const std::uint16_t>(depth))},
            &p};
  }

  RoomRenderer renderer;
  std::vector<std::byte> color;
  std::vector<std::uint16_t> depth;
  StreamProfile color_profile;
  StreamProfile depth_profile;
  Skeleton truth;
};

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

Result<ordered_json> measure(const Options& options) {
  const auto module = base::load_module<filter::PoseModule>("pose");
  if (!module) return fail(module.error());
  auto estimator = (*module)->make_estimator();
  if (!estimator) return fail(std::move(estimator).error());

  Scene scene(options);
  std::vector<Person> persons;
  filter::SkeletonMaker plain(std::make_unique<Given>(persons), {.steady = false});
  filter::SkeletonMaker steady(std::make_unique<Given>(persons));
  JointErrors plain_errors;
  JointErrors steady_errors;
  std::vector<double> estimate_ms;
  std::vector<double> lift_ms;
  int as_many = 0;
  std::uint32_t highest_id = 0;
  Skeleton found;
  const auto step_us = static_cast<std::uint64_t>(1e6 / options.rate_hz);
  for (int i = 0; i < options.frames; ++i) {
    const auto scene_us = static_cast<std::uint64_t>(i) * step_us;
    const auto time = MonotonicTime{} + std::chrono::microseconds(scene_us);
    scene.render(static_cast<std::uint64_t>(i), scene_us);
    const auto color = scene.color_picture();
    const auto depth = scene.depth_picture();
    auto start = std::chrono::steady_clock::now();
    if (auto done = (*estimator)->estimate(color.picture, persons); !done)
      return fail(std::move(done).error());
    estimate_ms.push_back(ms_since(start));
    if (persons.size() == scene.truth.persons.size()) ++as_many;
    if (auto done = plain.make(color, &depth, time, found); !done)
      return fail(std::move(done).error());
    compare(scene.truth, found, plain_errors);
    start = std::chrono::steady_clock::now();
    if (auto done = steady.make(color, &depth, time, found); !done)
      return fail(std::move(done).error());
    lift_ms.push_back(ms_since(start));
    for (const auto& person : found.persons) highest_id = std::max(highest_id, person.id);
    compare(scene.truth, found, steady_errors);
  }
  return ordered_json{
      {"scene", fmt::format("synthetic:room?figure={}&size={}x{}&seed={}", options.figures,
                            options.width, options.height, options.seed)},
      {"frames", options.frames},
      {"rate_hz", options.rate_hz},
      {"estimate_ms", {{"median", median(estimate_ms)}, {"p95", percentile(estimate_ms, 0.95)}}},
      {"lift_and_follow_ms", {{"median", median(lift_ms)}, {"p95", percentile(lift_ms, 0.95)}}},
      {"frames_with_everybody", static_cast<double>(as_many) / options.frames},
      {"ids_given", highest_id},
      {"as_found", report(plain_errors)},
      {"steadied", report(steady_errors)}};
}

}  // namespace

int run_skeleton(int argc, char** argv) {
  Options options;
  CLI::App app("Joints of the module pose in synthetic:room against the true ones, one core");
  app.name("lenswire-bench skeleton");
  app.footer(
      "PCK 0.2: within 0.2 of the torso's length in the picture; PCK 100mm: in space.\n"
      "Example: lenswire-bench skeleton --json");
  app.add_option("--frames", options.frames, "frames to measure")->check(CLI::Range(1, 100000));
  app.add_option("--rate", options.rate_hz, "frames a second of the scene's time")
      ->check(CLI::Range(1.0, 1000.0));
  app.add_option("--figures", options.figures, "people in the room")->check(CLI::Range(1, 3));
  app.add_option("--seed", options.seed, "of the scene");
  app.add_flag("--json", options.json, "JSON only");
  CLI11_PARSE(app, argc, argv);
  const auto result = measure(options);
  if (!result) {
    fmt::print(stderr, "lenswire-bench skeleton: {}\n", result.error().message);
    return 1;
  }
  if (!options.json) {
    const auto& r = *result;
    fmt::print(
        "{}, {} frames at {} Hz; estimate {:.1f} ms (p95 {:.1f}), lift and follow {:.2f} ms\n",
        r["scene"].get<std::string>(), options.frames, options.rate_hz,
        r["estimate_ms"]["median"].get<double>(), r["estimate_ms"]["p95"].get<double>(),
        r["lift_and_follow_ms"]["median"].get<double>());
    fmt::print("everybody found in {:.0f} % of the frames; {} ids given\n",
               100 * r["frames_with_everybody"].get<double>(), r["ids_given"].get<unsigned>());
    print_table("as found", r["as_found"]);
    print_table("steadied", r["steadied"]);
  }
  if (options.json) std::printf("%s\n", ordered_json{{"skeleton", *result}}.dump().c_str());
  return 0;
}

}  // namespace lenswire::bench
