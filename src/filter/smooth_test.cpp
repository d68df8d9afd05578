#include <gtest/gtest.h>

#include <cmath>

#include "filter/filter_test_images.hpp"
#include "filter/smooth_rows.hpp"
#include "filter/spatial.hpp"
#include "filter/temporal.hpp"

namespace lenswire::filter {
namespace {

double half_up(double value, double step) { return std::floor(value / step + 0.5) * step; }

// The definition, one walk over a list of pixels. Doubles hold all of it exactly.
void walk(std::vector<int*> line, double alpha, int delta) {
  double state = 0;
  for (int* code : line) {
    if (*code != 0 && state != 0 && std::abs(*code - state) < delta)
      state += half_up(alpha * (*code - state), 1.0 / 256);
    else
      state = *code;
    *code = static_cast<int>(half_up(state, 1));
  }
}

std::vector<int> reference_spatial(const frame::Image& in, const SpatialSettings& settings) {
  auto codes = codes_of(in);
  const double alpha = half_up(settings.alpha, 1.0 / 256);
  const auto delta = static_cast<int>(settings.delta_codes);
  const std::size_t width = in.width, height = in.height;
  for (std::uint32_t pass = 0; pass < settings.passes; ++pass) {
    std::vector<int*> line;
    const auto both_ways = [&] {
      walk(line, alpha, delta);
      walk({line.rbegin(), line.rend()}, alpha, delta);
      line.clear();
    };
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) line.push_back(&codes[y * width + x]);
      both_ways();
    }
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t y = 0; y < height; ++y) line.push_back(&codes[y * width + x]);
      both_ways();
    }
  }
  return codes;
}

// One pixel over time, by the definition.
struct ReferencePixel {
  double state = 0;
  std::vector<bool> history;

  int next(int code, double alpha, int delta, std::uint32_t persistence) {
    constexpr struct {
      int least, of;
    } kRules[] = {{9, 8}, {8, 8}, {2, 3}, {2, 4}, {2, 8}, {1, 2}, {1, 5}, {1, 8}, {0, 8}};
    if (code != 0) {
      const bool same = state != 0 && std::abs(code - state) < delta;
      state = same ? state + half_up(alpha * (code - state), 1.0 / 256) : code;
      if (!same) history.clear();
      history.push_back(true);
      return static_cast<int>(half_up(state, 1));
    }
    int seen = 0;
    const auto rule = kRules[persistence];
    for (int i = 1; i <= rule.of && i <= static_cast<int>(history.size()); ++i)
      seen += history[history.size() - static_cast<std::size_t>(i)];
    const int out = seen >= rule.least ? static_cast<int>(half_up(state, 1)) : 0;
    history.push_back(false);
    bool any = false;
    for (std::size_t i = history.size() > 8 ? history.size() - 8 : 0; i < history.size(); ++i)
      any = any || history[i];
    if (!any && persistence != 8) state = 0;
    return out;
  }
};

}  // namespace

TEST(Spatial, ByHand) {
  SpatialFilter filter;
  frame::Image out;
  // To the right 1000 1005; back from 1005 to 1000 by a half is 1002.5, up.
  ASSERT_TRUE(filter.run(image_of(2, {1000, 1010}).view(), {0.5, 20, 1}, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{1003, 1005}));
  // An edge, and a hole.
  ASSERT_TRUE(filter.run(image_of(5, {1000, 1020, 0, 1000, 1000}).view(), {0.5, 20, 2}, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{1000, 1020, 0, 1000, 1000}));
  ASSERT_TRUE(filter.run(image_of(3, {65535, 65516, 1}).view(), {0.25, 4000, 1}, out));
  EXPECT_EQ(codes_of(out)[2], 1);
}

TEST(Spatial, EqualsTheReferenceAtEverySize) {
  SpatialFilter filter;
  frame::Image out;
  for (const auto& [width, height, padding] :
       {std::tuple{1U, 1U, 0U}, std::tuple{7U, 5U, 1U}, std::tuple{64U, 40U, 0U},
        std::tuple{67U, 43U, 2U}, std::tuple{33U, 9U, 3U}})
    for (const auto& settings :
         {SpatialSettings{}, SpatialSettings{1, 20, 1}, SpatialSettings{0.01, 4000, 3},
          SpatialSettings{0.3, 5, 5}, SpatialSettings{0.7, 1, 1}}) {
      const auto in = depth_image(width, height, padding);
      ASSERT_TRUE(filter.run(in.view(), settings, out));
      ASSERT_EQ(codes_of(out), reference_spatial(in, settings)) << width << ' ' << settings.alpha;
    }
}

TEST(Spatial, NoiseGrowsSmallerAndNothingBecomesSomething) {
  SpatialFilter filter;
  frame::Image out;
  const auto in = depth_image(160, 120);
  ASSERT_TRUE(filter.run(in.view(), {}, out));
  double before = 0, after = 0;
  for (std::size_t y = 0; y < 120; ++y)
    for (std::size_t x = 0; x + 1 < 160; ++x) {
      const int a = code_at(in, y, x), b = code_at(in, y, x + 1);
      EXPECT_EQ(a == 0, code_at(out, y, x) == 0);
      if (a == 0 || b == 0 || std::abs(a - b) > 20) continue;
      before += std::abs(a - b);
      after += std::abs(code_at(out, y, x) - code_at(out, y, x + 1));
    }
  EXPECT_LT(after, before / 2);
  frame::Image empty;
  empty.reshape(PixelFormat::Z16, 9, 4);
  std::fill(empty.data.begin(), empty.data.end(), std::byte{0});
  ASSERT_TRUE(filter.run(empty.view(), {}, out));
  EXPECT_EQ(out.data, empty.data);
}

TEST(Temporal, EqualsTheReferenceForEveryPersistence) {
  frame::Image out;
  for (std::uint32_t persistence = 0; persistence <= 8; ++persistence)
    for (const auto& settings :
         {TemporalSettings{0.4, 20, persistence}, TemporalSettings{1, 6, persistence},
          TemporalSettings{0.05, 4000, persistence}}) {
      TemporalFilter filter;
      constexpr std::uint32_t kWidth = 45, kHeight = 3;
      std::vector<ReferencePixel> reference(kWidth * kHeight);
      std::mt19937 random(persistence);
      for (int frame = 0; frame < 40; ++frame) {
        auto in = depth_image(kWidth, kHeight, frame % 3 == 0 ? 1 : 0, 0);
        for (std::uint32_t y = 0; y < kHeight; ++y)
          for (std::uint32_t x = 0; x < kWidth; ++x) {
            // Columns lose their pixels ever more often.
            const int jump = random() % 11 == 0 ? 100 : 0;
            const int code = code_at(in, y, x) + jump + static_cast<int>(random() % 10);
            set_code(in, y, x, random() % kWidth < x ? 0 : code);
          }
        ASSERT_TRUE(filter.run(in.view(), settings, out));
        const double alpha = half_up(settings.alpha, 1.0 / 256);
        for (std::uint32_t y = 0; y < kHeight; ++y)
          for (std::uint32_t x = 0; x < kWidth; ++x)
            ASSERT_EQ(code_at(out, y, x), reference[y * kWidth + x].next(
                                              code_at(in, y, x), alpha,
                                              static_cast<int>(settings.delta_codes), persistence))
                << "persistence " << persistence << " frame " << frame << " x " << x;
      }
    }
}

TEST(Temporal, BeginsAnewWithAnotherSizeAndAfterReset) {
  TemporalFilter filter;
  frame::Image out;
  const auto pixel = [&](int code) {
    EXPECT_TRUE(filter.run(image_of(1, {code}).view(), {0.5, 20, 8}, out));
    return code_at(out, 0, 0);
  };
  EXPECT_EQ(pixel(1000), 1000);
  EXPECT_EQ(pixel(1010), 1005);
  EXPECT_EQ(pixel(0), 1005);
  filter.reset();
  EXPECT_EQ(pixel(0), 0);
  EXPECT_EQ(pixel(1010), 1010);
  ASSERT_TRUE(filter.run(image_of(2, {0, 7}).view(), {0.5, 20, 8}, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{0, 7}));
}

TEST(Smooth, RefusesWhatItCannotDo) {
  SpatialFilter spatial;
  TemporalFilter temporal;
  frame::Image out;
  const auto in = depth_image(4, 4);
  for (const auto& bad :
       {SpatialSettings{0, 20, 1}, SpatialSettings{1.1, 20, 1}, SpatialSettings{0.5, 0, 1},
        SpatialSettings{0.5, 4001, 1}, SpatialSettings{0.5, 20, 0}, SpatialSettings{0.5, 20, 6},
        SpatialSettings{NAN, 20, 2}})
    EXPECT_FALSE(spatial.run(in.view(), bad, out));
  for (const auto& bad : {TemporalSettings{0, 20, 1}, TemporalSettings{0.5, 0, 1},
                          TemporalSettings{0.5, 20, 9}, TemporalSettings{NAN, 20, 1}})
    EXPECT_FALSE(temporal.run(in.view(), bad, out));
  EXPECT_FALSE(spatial.run(noise_image(PixelFormat::RGB8, 4, 4).view(), {}, out));
  EXPECT_FALSE(temporal.run({}, {}, out));
}

TEST(Smooth, TheTwinsTurnPicturesAlike) {
  for (const auto& [width, height] : {std::pair{1U, 1U}, std::pair{8U, 8U}, std::pair{37U, 21U},
                                      std::pair{70U, 9U}, std::pair{5U, 64U}}) {
    std::vector<std::uint16_t> in(std::size_t{width} * height), a(in.size()), b(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint16_t>(i + 1);
    scalar_smooth_row_kernels().transpose(in.data(), width, height, a.data());
    vector_smooth_row_kernels().transpose(in.data(), width, height, b.data());
    ASSERT_EQ(a, b);
    ASSERT_EQ(a[width > 1 ? height : 0], width > 1 ? 2 : 1);
  }
}

}  // namespace lenswire::filter
