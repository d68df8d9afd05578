#include "depth.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include <lenswire/strata.h>

#include "depth_image.hpp"
#include "depth_report.hpp"
#include "rivals/depth_rival.hpp"

namespace lenswire::bench {
namespace {

constexpr const char* kUsage =
    "Usage: lenswire-bench depth --data DIR... [--repeat N] [--cpu N] [--only KEY,...] [--json]\n"
    "                            [--chart FILE.svg]\n"
    "Compares depth codecs on folders of 16-bit PNG images: one pinned thread, all codecs in turn\n"
    "on each image, best of N (default 7), every output decoded and compared.\n"
    "Example: lenswire-bench depth --data ../shared/data/depth/* --chart depth.svg\n";

struct Options {
  std::vector<std::string> folders;
  std::string chart;
  std::string only;
  int repeat = 7;
  int cpu = -1;
  bool json = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : ""; };
    if (word == "--data") {
      while (i + 1 < argc && argv[i + 1][0] != '-') options.folders.emplace_back(argv[++i]);
    } else if (word == "--repeat") {
      options.repeat = std::atoi(value().c_str());
    } else if (word == "--cpu") {
      options.cpu = std::atoi(value().c_str());
    } else if (word == "--only") {
      options.only = fmt::format(",{},", value());
    } else if (word == "--chart") {
      options.chart = value();
    } else if (word == "--json") {
      options.json = true;
    } else {
      return false;
    }
  }
  return !options.folders.empty() && options.repeat > 0;
}

/// A folder of folders stands for those of them that hold images.
std::vector<std::string> expand(const std::vector<std::string>& folders) {
  std::vector<std::string> out;
  for (const std::string& folder : folders) {
    std::vector<std::string> inner;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
      if (entry.is_directory()) inner.push_back(entry.path().string());
    std::sort(inner.begin(), inner.end());
    if (inner.empty()) inner.push_back(folder);
    out.insert(out.end(), inner.begin(), inner.end());
  }
  return out;
}

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu < 0 ? std::max(sched_getcpu(), 0) : cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Whether `near` kept its promise: holes stay holes, and codes move by one place at most.
bool within_one_code(const DepthImage& image, const DepthImage& back) {
  std::vector<std::uint16_t> codes = image.pixels;
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  std::vector<int> rank(65536, -2);
  for (std::size_t i = 0; i < codes.size(); ++i) rank[codes[i]] = static_cast<int>(i);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const std::uint16_t was = image.pixels[i];
    const std::uint16_t is = back.pixels[i];
    if ((was == 0) != (is == 0) || std::abs(rank[was] - rank[is]) > 1) return false;
  }
  return true;
}

struct Timing {
  double encode_secs = std::numeric_limits<double>::max();
  double decode_secs = std::numeric_limits<double>::max();
  std::size_t bytes = 0;
  bool exact = true;
  bool within_limit = true;
};

Timing& run_once(NamedRival& rival, const DepthImage& image, Bytes& data, Timing& timing) {
  auto start = std::chrono::steady_clock::now();
  const bool encoded = rival.rival->encode(image, data);
  timing.encode_secs = std::min(timing.encode_secs, seconds_since(start));
  timing.bytes = data.size();
  DepthImage back{image.width, image.height, std::vector<std::uint16_t>(image.pixels.size())};
  start = std::chrono::steady_clock::now();
  const bool decoded = encoded && rival.rival->decode(data, back);
  timing.decode_secs = std::min(timing.decode_secs, seconds_since(start));
  timing.exact = timing.exact && decoded && back == image;
  timing.within_limit = timing.within_limit && decoded &&
                        (rival.exact ? back == image : within_one_code(image, back));
  return timing;
}

std::map<std::string, DepthScore> measure(std::vector<NamedRival>& rivals,
                                          const std::vector<DepthImage>& images, int repeat) {
  std::vector<std::vector<Timing>> timings(rivals.size(), std::vector<Timing>(images.size()));
  Bytes data;
  for (int round = 0; round < repeat; ++round)
    for (std::size_t i = 0; i < images.size(); ++i)
      for (std::size_t r = 0; r < rivals.size(); ++r)
        run_once(rivals[r], images[i], data, timings[r][i]);
  std::map<std::string, DepthScore> scores;
  for (std::size_t r = 0; r < rivals.size(); ++r) {
    double raw = 0;
    double bytes = 0;
    double encode_secs = 0;
    double decode_secs = 0;
    DepthScore score;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const Timing& t = timings[r][i];
      raw += static_cast<double>(images[i].bytes());
      bytes += static_cast<double>(t.bytes);
      encode_secs += t.encode_secs;
      decode_secs += t.decode_secs;
      score.exact = score.exact && t.exact;
      score.within_limit = score.within_limit && t.within_limit;
    }
    score.ratio = raw / std::max(bytes, 1.0);
    score.encode_mbps = raw / encode_secs / 1e6;
    score.decode_mbps = raw / decode_secs / 1e6;
    scores[rivals[r].key] = score;
  }
  return scores;
}

}  // namespace

int run_depth(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  pin(options.cpu);
  std::vector<NamedRival> rivals = make_depth_rivals();
  if (!options.only.empty())
    std::erase_if(rivals, [&](const NamedRival& r) {
      return options.only.find(fmt::format(",{},", r.key)) == std::string::npos;
    });
  DepthReport report;
  for (const NamedRival& rival : rivals) report.codecs.push_back({rival.key, rival.label});
  for (const std::string& folder : expand(options.folders)) {
    const auto images = load_depth_folder(folder);
    if (!images) {
      std::fprintf(stderr, "lenswire-bench: %s\n", images.error().message.c_str());
      return 2;
    }
    std::filesystem::path path(folder);
    const std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
    std::fprintf(stderr, "%s: %zu images, target %s\n", name.c_str(), images->size(),
                 strata_target());
    report.folders.push_back(name);
    report.scores[name] = measure(rivals, *images, options.repeat);
  }
  summarise(report);
  std::fputs((options.json ? to_json(report) : to_table(report)).c_str(), stdout);
  if (!options.chart.empty()) std::ofstream(options.chart) << to_svg(report);
  const bool good = std::all_of(report.geomean.begin(), report.geomean.end(),
                                [](const auto& s) { return s.second.within_limit; });
  return good ? 0 : 1;
}

}  // namespace lenswire::bench
