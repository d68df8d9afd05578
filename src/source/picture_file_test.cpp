#include "source/picture_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/temporary_folder_for_test.hpp"

namespace lenswire::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void expect_error(const Result<frame::Image>& result, ErrorCode code,
                  const std::filesystem::path& path, std::string_view why) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_THAT(result.error().message, AllOf(HasSubstr(path.string()), HasSubstr(std::string(why))));
}

/// Root may read everything, so a test run as root is somebody else for a while.
class Unprivileged {
 public:
  Unprivileged() {
    if (was_ == 0) {
      EXPECT_EQ(::seteuid(65534), 0);
    }
  }
  ~Unprivileged() {
    if (was_ == 0) {
      EXPECT_EQ(::seteuid(0), 0);
    }
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  const uid_t was_ = ::geteuid();
};

}  // namespace

TEST(PictureFile, APngComesDecoded) {
  const TemporaryFolder folder;
  for (const auto format : {PixelFormat::Z16, PixelFormat::Y8, PixelFormat::RGB8}) {
    const auto image = test_picture(format, 13, 7);
    const auto loaded = load_picture(folder.write("a.png", image));
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->format, format);
    EXPECT_EQ(loaded->width, 13U);
    EXPECT_EQ(loaded->data, image.data);
  }
}

TEST(PictureFile, AJpegComesAsItIs) {
  const TemporaryFolder folder;
  const auto bytes = test_jpeg(33, 17);
  const auto loaded = load_picture(folder.write("named_wrongly.png", bytes));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->format, PixelFormat::JPEG);
  EXPECT_EQ(loaded->width, 33U);
  EXPECT_EQ(loaded->height, 17U);
  EXPECT_EQ(loaded->data, bytes);
}

TEST(PictureFile, DamageIsNamedWithItsFile) {
  const TemporaryFolder folder;
  auto jpeg = test_jpeg(64, 64);
  jpeg.resize(jpeg.size() - 2);
  const auto cut_jpeg = folder.write("cut.jpg", jpeg);
  expect_error(load_picture(cut_jpeg), ErrorCode::Truncated, cut_jpeg, "end mark");
  jpeg.resize(10);
  const auto stub = folder.write("stub.jpg", jpeg);
  const auto stub_loaded = load_picture(stub);
  ASSERT_FALSE(stub_loaded);
  EXPECT_THAT(stub_loaded.error().message, HasSubstr(stub.string()));

  const auto whole = folder.write("whole.png", test_picture(PixelFormat::Z16, 64, 64));
  std::filesystem::resize_file(whole, std::filesystem::file_size(whole) / 2);
  const auto cut_png = load_picture(whole);
  ASSERT_FALSE(cut_png);
  EXPECT_THAT(cut_png.error().message, HasSubstr(whole.string()));

  const auto text = folder.write("text.png", "this is no picture at all");
  expect_error(load_picture(text), ErrorCode::InvalidArgument, text, "neither a PNG nor a JPEG");
  const auto empty = folder.write("empty.png", "");
  expect_error(load_picture(empty), ErrorCode::InvalidArgument, empty, "empty");
}

TEST(PictureFile, WhatIsNoReadableFileIsExplained) {
  const TemporaryFolder folder;
  expect_error(load_picture(folder / "none.png"), ErrorCode::NotFound, folder / "none.png",
               "does not exist");
  expect_error(load_picture(folder.path()), ErrorCode::InvalidArgument, folder.path(),
               "is a folder");
  ASSERT_EQ(::mkfifo((folder / "fifo.png").c_str(), 0600), 0);
  expect_error(load_picture(folder / "fifo.png"), ErrorCode::InvalidArgument, folder / "fifo.png",
               "not a file");
  const auto file = folder.write("file", "x");
  const auto as_folder = check_folder(file);
  ASSERT_FALSE(as_folder);
  EXPECT_THAT(as_folder.error().message, HasSubstr("is not a folder"));
}

TEST(PictureFile, WhatMayNotBeReadIsExplained) {
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  const auto file = folder.write("secret.png", "x");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  const auto closed = folder / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  const auto unlisted = folder / "unlisted";  // its names can be read, its files cannot
  std::filesystem::create_directory(unlisted);
  std::filesystem::permissions(
      unlisted, std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
  const Unprivileged somebody;
  expect_error(load_picture(file), ErrorCode::PermissionDenied, file, "permissions");
  for (const auto& path : {closed, unlisted}) {
    const auto denied = check_folder(path);
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, ErrorCode::PermissionDenied);
    EXPECT_THAT(denied.error().message, HasSubstr(path.string()));
  }
}

}  // namespace lenswire::source
