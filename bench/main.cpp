// main.cpp - lenswire-bench: every published number comes from one of these.
#include <array>
#include <cstdio>
#include <cstring>

#include "bench/depth.hpp"
#include "bench/fanout.hpp"
#include "bench/filters.hpp"
#include "bench/latency.hpp"
#include "bench/rtc.hpp"
#include "bench/skeleton.hpp"
#ifdef LENSWIRE_BENCH_JPEG
#include "bench/jpeg.hpp"
#endif

namespace {

struct Bench {
  const char* name;
  const char* summary;
  int (*run)(int argc, char** argv);
};

constexpr Bench kBenches[] = {
    {"depth", "Strata against RVL, PNG, zstd and others, on folders of real depth",
     lenswire::bench::run_depth},
    {"fanout", "HTTP MJPEG to many clients, against a bare epoll loop",
     lenswire::bench::run_fanout},
    {"filters", "every depth filter on one core, against OpenCV's nearest equivalent",
     lenswire::bench::run_filters},
    {"latency", "raw depth to one native client, against bare send and recv",
     lenswire::bench::run_latency},
    {"rtc", "long messages over a data channel, against plain TCP", lenswire::bench::run_rtc},
    {"skeleton", "joints that the module pose finds, against the true ones",
     lenswire::bench::run_skeleton},
#ifdef LENSWIRE_BENCH_JPEG
    {"jpeg", "YUYV to JPEG, against OpenCV and a direct libjpeg-turbo call",
     lenswire::bench::run_jpeg},
#endif
};

int usage(std::FILE* out) {
  std::fprintf(out, "lenswire-bench: measures lenswire against rivals, in one run\n\n");
  for (const auto& bench : kBenches) std::fprintf(out, "  %-8s %s\n", bench.name, bench.summary);
  std::fprintf(out,
               "\nExample: lenswire-bench fanout --json\n`lenswire-bench NAME --help` explains.\n");
  return out == stderr ? 2 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return usage(stderr);
  if (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0) return usage(stdout);
  for (const auto& bench : kBenches)
    if (std::strcmp(argv[1], bench.name) == 0) return bench.run(argc - 1, argv + 1);
  std::fprintf(stderr, "lenswire-bench: no benchmark '%s'\n", argv[1]);
  return usage(stderr);
}
