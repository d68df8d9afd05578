#include "filter/filter_chain.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <lenswire/filters.hpp>

#include "filter/align.hpp"
#include "filter/colorize.hpp"
#include "filter/filter_test_images.hpp"

namespace lenswire::filter {
namespace {

StreamProfile depth_profile(std::uint32_t width, std::uint32_t height) {
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  profile.format = PixelFormat::Z16;
  profile.width = width;
  profile.height = height;
  profile.depth_unit_m = 0.001;
  profile.intrinsics = Intrinsics{
      width, height, 600, 600, width / 2.0 - 0.5, height / 2.0 - 0.5, DistortionModel::None, {}};
  return profile;
}

constexpr int kGoldenCovered = 12637;
constexpr double kGoldenSum = 25'976'380;
constexpr double kGoldenPainted = 836'942;
constexpr std::uint64_t kGoldenHeat = 12400969575333658693ULL;

std::uint64_t checksum(const frame::ImageView& view) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const auto byte : view.data) {
    hash ^= std::to_integer<std::uint64_t>(byte);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

// The golden input: no library's random numbers, so that it is the same everywhere.
frame::Image golden_image(std::uint32_t width, std::uint32_t height, std::uint32_t frame) {
  frame::Image image;
  image.reshape(PixelFormat::Z16, width, height);
  std::uint32_t state = 12345 + frame;
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x) {
      state = state * 1664525U + 1013904223U;
      const bool box = x > 40 && x < 90 && y > 20 && y < 70;
      const auto code = (box ? 800 : 2000) + 3 * x + 2 * y + (state >> 24) % 13;
      set_code(image, y, x, (state >> 16) % 11 == 0 ? 0 : static_cast<int>(code));
    }
  return image;
}

}  // namespace

TEST(FilterChain, ReadsWhatUsersWrite) {
  const auto chain = parse_filter_chain(
      "decimate:3,threshold:0.3:4,disparity,spatial:0.4:30,"
      "temporal,depth,holes:nearest");
  ASSERT_TRUE(chain);
  EXPECT_EQ(to_string(*chain),
            "decimate:3,threshold:0.3:4,disparity:0.05,spatial:0.4:30:2,temporal:0.4:20:3,depth,"
            "holes:nearest");
  EXPECT_EQ(parse_filter_chain(to_string(*chain)).value(), *chain);
  EXPECT_EQ(parse_filter_chain("decimate").value(), parse_filter_chain("decimate:2").value());
  EXPECT_EQ(to_string(parse_filter_chain("holes").value()), "holes:farthest");
  EXPECT_TRUE(parse_filter_chain("")->empty());
}

TEST(FilterChain, NamesTheFilterThatIsWrongAndWhatThereIs) {
  for (const auto& [text, named] :
       {std::pair{"blur", "blur"},
        {"decimate:9", "decimate:9"},
        {"decimate:2.5", "decimate:2.5"},
        {"decimate:", "decimate"},
        {"decimate:2:3", "too many"},
        {"spatial:0", "alpha"},
        {"spatial:nan", "alpha"},
        {"spatial:0.5:0", "delta"},
        {"spatial:0.5:20:6", "passes"},
        {"temporal:0.4:20:9", "persistence"},
        {"holes:right", "farthest"},
        {"threshold:4:1", "threshold"},
        {"threshold:-1", "threshold"},
        {"disparity", "needs 'depth'"},
        {"depth", "disparity"},
        {"disparity,disparity,depth", "twice"},
        {"disparity,threshold:1:2,depth", "threshold"},
        {",", "no filter ''"},
        {"spatial,", "no filter ''"},
        {"holes,holes,holes,holes,holes,holes,holes,holes,holes", "at most 8"}}) {
    const auto chain = parse_filter_chain(text);
    ASSERT_FALSE(chain) << text;
    EXPECT_EQ(chain.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(chain.error().message.find(named), std::string::npos) << chain.error().message;
  }
  EXPECT_NE(parse_filter_chain("blur").error().message.find("temporal"), std::string::npos);
  EXPECT_FALSE(parse_filter_chain(std::string(kMaxFilterBytes + 1, 'x')));
}

TEST(FilterChain, TheProfileFollows) {
  const auto source = depth_profile(641, 480);
  const auto out = filtered_profile(source, *parse_filter_chain("spatial,decimate:2,decimate:2"));
  ASSERT_TRUE(out);
  EXPECT_EQ(out->width, 160U);
  EXPECT_EQ(out->height, 120U);
  EXPECT_EQ(out->intrinsics->fx, 150);
  EXPECT_NE(calibration_version(*out), calibration_version(source));
  EXPECT_EQ(filtered_profile(source, *parse_filter_chain("spatial")).value(), source);
  EXPECT_FALSE(filtered_profile(depth_profile(3, 100), *parse_filter_chain("decimate:4")));
  auto without = source;
  without.intrinsics.reset();
  EXPECT_TRUE(filtered_profile(without, *parse_filter_chain("spatial")));
  EXPECT_FALSE(filtered_profile(without, *parse_filter_chain("disparity,depth")));
  auto color = source;
  color.kind = StreamKind::Color;
  color.format = PixelFormat::RGB8;
  EXPECT_EQ(filtered_profile(color, *parse_filter_chain("holes")).error().code,
            ErrorCode::Unsupported);
}

// Every filter on the same two pictures: a change of a single pixel shows. The numbers were taken
// when the filters equalled their references (see the tests beside this one).
TEST(FilterChain, GoldenNumbers) {
  const struct {
    const char* filters;
    std::uint64_t first, second;
  } kGolden[] = {
#include "filter/filter_chain_golden.inc"
  };
  for (const auto& golden : kGolden) {
    const auto chain = parse_filter_chain(golden.filters);
    ASSERT_TRUE(chain) << golden.filters;
    ChainRunner runner(*chain);
    const auto profile = std::make_shared<StreamProfile>(depth_profile(131, 97));
    const auto first = checksum(*runner.run(golden_image(131, 97, 0).view(), profile));
    const auto second = checksum(*runner.run(golden_image(131, 97, 1).view(), profile));
    char line[160];
    std::snprintf(line, sizeof line, "{\"%s\", 0x%016llxULL, 0x%016llxULL},", golden.filters,
                  static_cast<unsigned long long>(first), static_cast<unsigned long long>(second));
    EXPECT_TRUE(first == golden.first && second == golden.second) << line;
  }
}

// The same for what is computed with 32-bit floats, where twins may differ by a pixel.
TEST(FilterChain, GoldenNumbersOfProjections) {
  const auto depth = depth_profile(131, 97);
  auto color = depth_profile(160, 120);
  color.reference_from_stream = Extrinsics{{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0.025, 0, 0.001}};
  const auto pair = AlignedPair::of(depth, color);
  auto align = DepthToColor::make(*pair, 0.001);
  ASSERT_TRUE(align);
  const auto in = golden_image(131, 97, 0);
  frame::Image out;
  ASSERT_TRUE(align->run(in.view(), out));
  double sum = 0;
  int covered = 0;
  for (const int code : codes_of(out)) {
    sum += code;
    covered += code != 0;
  }
  EXPECT_NEAR(covered, kGoldenCovered, 3);
  EXPECT_NEAR(sum, kGoldenSum, 9000);
  auto back = ColorToDepth::make(*pair, 0.001);
  frame::Image colors, painted;
  ASSERT_TRUE(colorize(in.view(), 0.001, 0.5, 3, colors, ColorMap::Heat, ColorRange::Histogram));
  EXPECT_EQ(checksum(colors.view()), kGoldenHeat);
  frame::Image seen;
  seen.reshape(PixelFormat::Y8, 160, 120);
  for (std::size_t i = 0; i < seen.data.size(); ++i)
    seen.data[i] = static_cast<std::byte>(i % 160 + 1);
  ASSERT_TRUE(back->run(in.view(), seen.view(), painted));
  sum = 0;
  for (const auto byte : painted.data) sum += std::to_integer<int>(byte);
  EXPECT_NEAR(sum, kGoldenPainted, 300);
}

TEST(DepthFilters, GiveFramesWithTheirOwnProfile) {
  auto filters = DepthFilters::parse("decimate:2,temporal:0.5:20:8");
  ASSERT_TRUE(filters);
  auto in = std::make_shared<Frame>();
  in->profile = std::make_shared<StreamProfile>(depth_profile(4, 2));
  in->stride_bytes = 8;
  in->sequence = 7;
  in->data = image_of(4, {10, 10, 20, 20, 10, 10, 20, 20}).data;
  const auto first = filters->apply(in);
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->width(), 2U);
  EXPECT_EQ((*first)->sequence, 7U);
  EXPECT_EQ((*first)->profile->intrinsics->fx, 300);
  auto later = std::make_shared<Frame>(*in);
  later->data = image_of(4, {12, 12, 0, 0, 12, 12, 0, 0}).data;
  const auto second = filters->apply(later);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->profile, (*first)->profile);
  EXPECT_EQ((*second)->data, image_of(2, {11, 20}).data);
  EXPECT_FALSE(DepthFilters::parse("sharpen"));
}

TEST(DepthPoints, AndAlignmentKeepTimesAndTellTheirCalibration) {
  const auto depth = depth_profile(8, 6);
  auto color = depth_profile(10, 7);
  color.stream = "color";
  color.kind = StreamKind::Color;
  color.format = PixelFormat::RGB8;
  color.depth_unit_m = 0;
  color.reference_from_stream = Extrinsics{{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0.02, 0, 0}};
  auto in = std::make_shared<Frame>();
  in->profile = std::make_shared<StreamProfile>(depth);
  in->stride_bytes = 16;
  in->sequence = 3;
  in->data = image_of(8, std::vector<int>(48, 1000)).data;
  auto points = DepthPoints::make(depth);
  ASSERT_TRUE(points);
  const auto cloud = points->apply(in);
  ASSERT_TRUE(cloud);
  EXPECT_EQ((*cloud)->profile->kind, StreamKind::Points);
  EXPECT_EQ((*cloud)->data.size(), 8U * 6 * 12);
  auto alignment = DepthColorAlignment::make(depth, color);
  ASSERT_TRUE(alignment);
  const auto moved = alignment->depth_to_color(in);
  ASSERT_TRUE(moved);
  EXPECT_EQ((*moved)->sequence, 3U);
  EXPECT_EQ((*moved)->profile->stream, "depth_aligned");
  EXPECT_EQ((*moved)->profile->intrinsics, color.intrinsics);
  EXPECT_EQ((*moved)->profile->reference_from_stream, color.reference_from_stream);
  auto seen = std::make_shared<Frame>();
  seen->profile = std::make_shared<StreamProfile>(color);
  seen->stride_bytes = 30;
  seen->sequence = 9;
  seen->data.assign(30 * 7, std::byte{77});
  const auto painted = alignment->color_to_depth(in, seen);
  ASSERT_TRUE(painted);
  EXPECT_EQ((*painted)->sequence, 9U);
  EXPECT_EQ((*painted)->profile->intrinsics, depth.intrinsics);
  EXPECT_EQ((*painted)->profile->depth_unit_m, 0);
  EXPECT_FALSE(DepthPoints::make(StreamProfile{}));
}

}  // namespace lenswire::filter
