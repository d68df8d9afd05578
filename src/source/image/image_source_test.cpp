#include "source/image/image_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/collecting_sink_for_test.hpp"
#include "source/temporary_folder_for_test.hpp"

namespace lenswire::source {
namespace {

using testing::HasSubstr;

ImageOptions shown(const std::filesystem::path& file, bool mark = false) {
  return {file, 1000, mark};
}

}  // namespace

TEST(ImageSource, RepeatsAPngPixelByPixel) {
  const TemporaryFolder folder;
  const auto picture = test_picture(PixelFormat::RGB8, 20, 10);
  ImageSource image(shown(folder.write("a.png", picture)), base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(image, 3, sink));
  EXPECT_EQ(sink.descriptions.at(0).streams.at(0)->stream, "color");
  for (const auto& frame : sink.frames) EXPECT_EQ(frame->data, picture.data);
  EXPECT_GT(sink.frames[2]->sequence, sink.frames[0]->sequence);
}

TEST(ImageSource, SixteenBitsAreDepth) {
  const TemporaryFolder folder;
  const auto picture = test_picture(PixelFormat::Z16, 20, 10);
  ImageSource image(shown(folder.write("a.png", picture)), base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(image, 1, sink));
  EXPECT_EQ(sink.frames[0]->profile->stream, "depth");
  EXPECT_EQ(sink.frames[0]->profile->depth_unit_m, 0.001);
  EXPECT_EQ(sink.frames[0]->data, picture.data);
}

TEST(ImageSource, AJpegIsPassedOn) {
  const TemporaryFolder folder;
  const auto bytes = test_jpeg(40, 30);
  ImageSource image(shown(folder.write("a.jpg", bytes)), base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(image, 1, sink));
  EXPECT_EQ(sink.frames[0]->format(), PixelFormat::JPEG);
  EXPECT_EQ(sink.frames[0]->data, bytes);
}

TEST(ImageSource, TheMarkMovesAndLeavesNoTrace) {
  const TemporaryFolder folder;
  const auto picture = test_picture(PixelFormat::Y8, 16, 16);
  base::ManualClock clock;
  ImageSource image(shown(folder.write("a.png", picture), true), clock);
  CollectingSink sink;
  sink.on_frame = [&] { clock.advance(std::chrono::milliseconds(1)); };
  ASSERT_TRUE(collect(image, 20, sink));
  for (const auto& frame : sink.frames) {
    auto expected = picture;
    draw_mark(expected, frame->sequence);
    EXPECT_EQ(frame->data, expected.data);
    EXPECT_NE(frame->data, picture.data);
  }
  EXPECT_NE(sink.frames[0]->data, sink.frames[1]->data);
}

TEST(ImageSource, TheMarkFitsIntoAnyPicture) {
  for (const std::uint32_t side : {1U, 2U, 7U, 9U}) {
    auto picture = test_picture(PixelFormat::RGB8, side, 3 * side);
    const auto before = picture.data;
    for (std::uint64_t i = 0; i < 20; ++i) {
      draw_mark(picture, i);
      EXPECT_NE(picture.data, before);
      draw_mark(picture, i);
    }
    EXPECT_EQ(picture.data, before);
  }
}

TEST(ImageSource, SaysWhyItCannotShow) {
  const TemporaryFolder folder;
  CollectingSink sink;
  ImageSource missing(shown(folder / "none.png"), base::system_clock());
  EXPECT_EQ(missing.probe().error().code, ErrorCode::NotFound);
  EXPECT_EQ(missing.run(sink, sink.stop.token()).error().code, ErrorCode::NotFound);
  ImageSource marked(shown(folder.write("a.jpg", test_jpeg(8, 8)), true), base::system_clock());
  const auto result = marked.run(sink, sink.stop.token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(result.error().message, HasSubstr("mark=1 needs a PNG"));
  EXPECT_TRUE(sink.descriptions.empty());
}

}  // namespace lenswire::source
