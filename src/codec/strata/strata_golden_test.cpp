// The bytes in tests/data/strata are the format: an encoder that makes others has changed it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <lenswire/strata.hpp>

namespace lenswire {
namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string name;
  std::uint32_t width;
  std::uint32_t height;
  strata_options options;
  std::function<std::uint32_t(std::uint32_t, std::uint32_t)> pixel;
};

/// A few bits that look random and are the same everywhere.
std::uint32_t mix(std::uint32_t x, std::uint32_t y) {
  std::uint32_t h = x * 0x9E3779B1U ^ y * 0x85EBCA6BU;
  h = (h ^ h >> 15) * 0x2C1B3C6DU;
  return h ^ h >> 13;
}

/// A floor, a wall and a box with holes at its left edge, in steps of a disparity.
std::uint32_t stereo(std::uint32_t x, std::uint32_t y) {
  const bool box = x > 30 && x < 70 && y > 20;
  if (mix(x, y) % 41 == 0 || (!box && x > 24 && x <= 30 && y > 20)) return 0;
  const std::uint32_t disparity = box ? 700 + y / 9 : 250 + x / 7 + y * 2;
  return 600000 / (disparity + mix(y, x) % 2);
}

/// Smooth, noisy and without steps, as a time-of-flight camera gives it.
std::uint32_t time_of_flight(std::uint32_t x, std::uint32_t y) {
  if ((x * x + y * y) % 1009 < 90) return 0;
  const std::uint32_t noise = x > 60 ? 40 : 5;
  return 900 + x * 3 + y * y / 8 + mix(x, y) % noise;
}

std::vector<Golden> goldens() {
  const auto exact = strata_options{STRATA_DEFAULT, 0, STRATA_NEAR_CODES, 1};
  return {
      {"stereo", 96, 60, exact, stereo},
      {"stereo_fast", 96, 60, {STRATA_FAST, 0, STRATA_NEAR_CODES, 1}, stereo},
      {"stereo_dense", 96, 60, {STRATA_DENSE, 0, STRATA_NEAR_CODES, 1}, stereo},
      {"stereo_patched", 640, 80, exact,
       [](auto x, auto y) {
         return mix(x, y) % 2003 == 0 ? 40000 + mix(y, x) % 9999 : stereo(x, y);
       }},
      {"stereo_near1", 96, 60, {STRATA_DEFAULT, 1, STRATA_NEAR_CODES, 1}, stereo},
      {"stereo_near_raw3", 96, 60, {STRATA_DEFAULT, 3, STRATA_NEAR_RAW, 1}, stereo},
      {"tof", 101, 50, exact, time_of_flight},
      {"tof_wide", 400, 37, exact, time_of_flight},
      {"noise", 33, 9, exact, [](auto x, auto y) { return mix(x, y) & 0xFFFF; }},
      {"empty", 70, 3, exact, [](auto, auto) { return 0U; }},
      {"full", 64, 40, exact, [](auto x, auto y) { return 500 + x / 4 + y / 3; }},
      {"extremes", 45, 12, exact, [](auto x, auto y) { return (x + y) % 3 * 32767 + x % 2; }},
      {"tiny", 2, 2, exact, [](auto x, auto y) { return 7 + x + 4 * y; }},
      {"one_pixel", 1, 1, exact, [](auto, auto) { return 65535U; }},
      {"column", 1, 300, exact, [](auto, auto y) { return y % 7 == 0 ? 0 : 1000 + y; }},
      {"two_bands", 1000, 450, exact,
       [](auto x, auto y) { return (x / 100 + y / 50) % 3 != 0 ? 0 : 800 + x / 50 + y / 40; }},
  };
}

fs::path golden_dir() { return fs::path(LENSWIRE_STRATA_GOLDEN); }

std::vector<std::byte> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> data;
  std::transform(std::istreambuf_iterator<char>(file), {}, std::back_inserter(data),
                 [](char c) { return static_cast<std::byte>(c); });
  return data;
}

std::vector<std::byte> bytes_of(const std::vector<std::uint16_t>& pixels) {
  const auto* first = reinterpret_cast<const std::byte*>(pixels.data());
  return {first, first + pixels.size() * 2};
}

void write(const fs::path& path, const void* data, std::size_t size) {
  std::ofstream(path, std::ios::binary)
      .write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
}

TEST(StrataGolden, EncoderStillMakesTheSameBytes) {
  // LENSWIRE_UPDATE_GOLDEN=1 writes the files, for a deliberate new version of the format.
  const bool update = std::getenv("LENSWIRE_UPDATE_GOLDEN") != nullptr;
  std::size_t count = 0;
  const char* const* targets = strata_targets(&count);
  for (const Golden& golden : goldens()) {
    SCOPED_TRACE(golden.name);
    std::vector<std::uint16_t> pixels;
    for (std::uint32_t y = 0; y < golden.height; ++y)
      for (std::uint32_t x = 0; x < golden.width; ++x)
        pixels.push_back(static_cast<std::uint16_t>(golden.pixel(x, y)));
    for (std::size_t t = 0; t < count; ++t) {
      SCOPED_TRACE(targets[t]);
      ASSERT_EQ(strata_force_target(targets[t]), 1);
      StrataEncoder encoder(golden.options);
      std::vector<std::byte> data;
      ASSERT_EQ(encoder.encode(pixels.data(), golden.width * 2, golden.width, golden.height, data),
                STRATA_OK);
      std::vector<std::uint16_t> back(pixels.size());
      ASSERT_EQ(
          StrataDecoder().decode(data, back.data(), golden.width * 2, golden.width, golden.height),
          STRATA_OK);
      if (update) {
        write(golden_dir() / (golden.name + ".strata"), data.data(), data.size());
        if (back.size() < 1U << 18)
          write(golden_dir() / (golden.name + ".z16"), back.data(), back.size() * 2);
      }
      EXPECT_EQ(data, read(golden_dir() / (golden.name + ".strata")));
      EXPECT_TRUE(golden.options.near_limit != 0 || back == pixels);
      if (back.size() < 1U << 18) {
        EXPECT_EQ(bytes_of(back), read(golden_dir() / (golden.name + ".z16")));
      }
    }
    strata_force_target(targets[0]);
  }
}

}  // namespace
}  // namespace lenswire
