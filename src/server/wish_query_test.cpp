#include "server/wish_query.hpp"

#include <gtest/gtest.h>

namespace lenswire::server {
namespace {

Result<StreamQuery> parse(std::string_view query, CodecId codec, StreamKind kind) {
  StreamProfile profile;
  profile.kind = kind;
  auto options = base::QueryOptions::parse(query);
  EXPECT_TRUE(options);
  return parse_stream_query(*options, codec, profile);
}

}  // namespace

TEST(WishQuery, ReadsEveryOption) {
  const auto query = parse("fps=5&quality=40&scale=0.5&region=1,2,30,40&policy=every",
                           CodecId::Jpeg, StreamKind::Color);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->delivery.rate_hz, 5);
  EXPECT_EQ(query->delivery.policy, hub::DeliveryPolicy::Every);
  EXPECT_EQ(query->wish.quality, 40);
  EXPECT_EQ(query->wish.scale, 0.5);
  EXPECT_EQ(query->wish.region, (hub::Region{1, 2, 30, 40}));
  EXPECT_EQ(query->wish.depth_picture, hub::DepthPicture::None);
}

TEST(WishQuery, ShowsDepthInColoursAndKeepsPngExact) {
  const auto jpeg = parse("max_m=4", CodecId::Jpeg, StreamKind::Depth);
  EXPECT_EQ(jpeg->wish.depth_picture, hub::DepthPicture::Turbo);
  EXPECT_EQ(jpeg->wish.depth_max_m, 4);
  EXPECT_EQ(parse("colormap=gray8", CodecId::Jpeg, StreamKind::Depth)->wish.depth_picture,
            hub::DepthPicture::Gray8);
  EXPECT_TRUE(parse("", CodecId::Png, StreamKind::Depth)->wish.keeps_pixels());
  EXPECT_EQ(parse("max_m=4", CodecId::Png, StreamKind::Depth)->wish.depth_max_m, 4);
}

TEST(WishQuery, EqualRequestsGiveEqualWishes) {
  EXPECT_EQ(parse("fps=5", CodecId::Png, StreamKind::Depth)->wish,
            parse("quality=3", CodecId::Png, StreamKind::Depth)->wish);
}

TEST(WishQuery, NamesTheOptionThatIsWrong) {
  for (const auto* text :
       {"quality=0", "quality=101", "scale=0", "scale=2", "fps=-1", "region=1,2,3",
        "region=1,2,3,4,5", "region=a", "policy=pull", "colormap=jet", "nonsense=1"}) {
    const auto result = parse(text, CodecId::Jpeg, StreamKind::Depth);
    ASSERT_FALSE(result) << text;
    const std::string name(text, std::string_view(text).find('='));
    EXPECT_NE(result.error().message.find(name), std::string::npos) << result.error().message;
  }
  EXPECT_FALSE(parse("min_m=5&max_m=4", CodecId::Jpeg, StreamKind::Depth));
}

TEST(WishQuery, ReadsFiltersAndColours) {
  const auto query = parse("filter=decimate:2,holes&colormap=heat&range=histogram", CodecId::Jpeg,
                           StreamKind::Depth);
  ASSERT_TRUE(query);
  EXPECT_EQ(filter::to_string(query->wish.filters), "decimate:2,holes:farthest");
  EXPECT_EQ(query->wish.depth_picture, hub::DepthPicture::Heat);
  EXPECT_EQ(query->wish.color_range, filter::ColorRange::Histogram);
  EXPECT_FALSE(query->wish.keeps_pixels());
  EXPECT_EQ(parse("filter=holes", CodecId::Png, StreamKind::Depth)->wish,
            parse("filter=holes:farthest", CodecId::Png, StreamKind::Depth)->wish);
  const auto wrong = parse("filter=sharpen:3", CodecId::Png, StreamKind::Depth);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("'sharpen'"), std::string::npos);
  EXPECT_NE(wrong.error().message.find("decimate:FACTOR"), std::string::npos);
  EXPECT_FALSE(parse("range=histogram&colormap=gray8", CodecId::Jpeg, StreamKind::Depth));
  EXPECT_FALSE(parse("range=wide", CodecId::Jpeg, StreamKind::Depth));
}

}  // namespace lenswire::server
