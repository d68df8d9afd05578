#include "codec/png/png_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace lenswire::codec {
namespace {

using testing::HasSubstr;

class PngFile : public testing::Test {
 protected:
  PngFile() {
    std::string pattern = testing::TempDir() + "/png_file_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    image_.reshape(PixelFormat::Z16, 20, 10);
    for (std::size_t i = 0; i < image_.data.size(); ++i)
      image_.data[i] = static_cast<std::byte>(i & 0xff);
  }
  ~PngFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  frame::Image image_;
};

}  // namespace

TEST_F(PngFile, ReadsWhatItWrote) {
  const auto path = folder_ / "depth_000.png";
  ASSERT_TRUE(write_png(path, image_.view()));
  const auto back = read_png(path);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->format, PixelFormat::Z16);
  EXPECT_EQ(back->width, 20U);
  EXPECT_EQ(back->height, 10U);
  EXPECT_EQ(back->data, image_.data);
}

TEST_F(PngFile, ChoosesTheFormatByTheContents) {
  for (const auto& [written, read] : {std::pair{PixelFormat::Y8, PixelFormat::Y8},
                                      std::pair{PixelFormat::BGR8, PixelFormat::RGB8},
                                      std::pair{PixelFormat::Y16, PixelFormat::Z16}}) {
    image_.reshape(written, 6, 4);
    ASSERT_TRUE(write_png(folder_ / "a.png", image_.view()));
    const auto back = read_png(folder_ / "a.png");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->format, read);
  }
}

TEST_F(PngFile, NamesTheFileAndTheTrouble) {
  const auto expect = [](const std::filesystem::path& path, ErrorCode code, const char* what) {
    const auto read = read_png(path);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, code) << read.error().message;
    EXPECT_THAT(read.error().message, HasSubstr(path.string()));
    EXPECT_THAT(read.error().message, HasSubstr(what));
  };
  expect(folder_ / "missing.png", ErrorCode::NotFound, "No such file");
  expect(folder_, ErrorCode::InvalidArgument, "not a file");

  std::ofstream(folder_ / "empty.png").flush();
  expect(folder_ / "empty.png", ErrorCode::Truncated, "empty");
  std::ofstream(folder_ / "text.png") << "depth goes here";
  expect(folder_ / "text.png", ErrorCode::InvalidArgument, "not a PNG");

  const auto whole = folder_ / "whole.png";
  ASSERT_TRUE(write_png(whole, image_.view()));
  const auto size = std::filesystem::file_size(whole);
  const auto cut = folder_ / "cut.png";
  std::filesystem::copy(whole, cut);
  std::filesystem::resize_file(cut, size - 20);
  expect(cut, ErrorCode::Truncated, "ends early");

  std::fstream file(whole, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file.put('\x7f');
  file.put('\x13');
  file.close();
  expect(whole, ErrorCode::InvalidArgument, "damaged");
}

TEST_F(PngFile, SaysWhyItCannotWrite) {
  const auto missing = write_png(folder_ / "no" / "a.png", image_.view());
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("a.png"));
  const auto full = write_png("/dev/full", image_.view());
  EXPECT_EQ(full.error().code, ErrorCode::Closed);
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

// The numbers are what OpenCV 4.6 reads from the same file.
TEST(PngFileReal, ReadsASensorFrame) {
  const auto path = std::filesystem::path(LENSWIRE_SOURCE_DIR) / "../shared/data/depth" /
                    "d4xx-640x480-seq/depth_000.png";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  const auto image = read_png(path);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->format, PixelFormat::Z16);
  EXPECT_EQ(image->width, 640U);
  EXPECT_EQ(image->height, 480U);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < image->data.size(); i += 2)
    sum += std::to_integer<unsigned>(image->data[i]) | std::to_integer<unsigned>(image->data[i + 1])
                                                           << 8;
  EXPECT_EQ(sum, 588603623U);
  const std::size_t middle = (240 * 640 + 320) * 2;
  EXPECT_EQ(image->data[middle], std::byte{1812 & 0xff});
  EXPECT_EQ(image->data[middle + 1], std::byte{1812 >> 8});
}

}  // namespace lenswire::codec
