#include "cli/depth_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "codec/png/png_file.hpp"
#include "codec/png/png_writer.hpp"

namespace lenswire::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DepthFiles : public testing::Test {
 protected:
  DepthFiles() {
    std::string name = (fs::temp_directory_path() / "lenswire-depth-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~DepthFiles() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  static frame::Image picture(PixelFormat format = PixelFormat::Z16) {
    frame::Image image;
    image.reshape(format, 40, 30);
    for (std::size_t i = 0; i < image.data.size(); ++i)
      image.data[i] = static_cast<std::byte>(i % 2 == 0 ? i / 16 : 3);
    return image;
  }

  fs::path write(const std::string& name, const frame::Image& image) const {
    const auto path = folder_ / name;
    if (auto done = codec::write_png(path, image.view()); !done)
      throw std::runtime_error(done.error().message);
    return path;
  }

  fs::path encoded(const std::string& name) {
    const auto in = write(name + ".png", picture());
    const DepthFile file{in, folder_ / (name + ".strata")};
    EXPECT_TRUE(converter_.encode(file, Existing::Replace));
    return file.out;
  }

  static void change(const fs::path& path, std::int64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at, at < 0 ? std::ios::end : std::ios::beg);
    const auto position = file.tellg();
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(position);
    file.put(byte);
  }

  fs::path folder_;
  DepthConverter converter_{strata_options{}};
};

}  // namespace

TEST_F(DepthFiles, ComeBackBitByBit) {
  const auto in = write("a.png", picture());
  const DepthFile there{in, folder_ / "a.strata"};
  const auto sizes = converter_.encode(there, Existing::Refuse);
  ASSERT_TRUE(sizes) << sizes.error().message;
  ASSERT_TRUE(sizes->has_value());
  EXPECT_EQ((*sizes)->raw_bytes, 2400U);
  EXPECT_EQ((*sizes)->strata_bytes, fs::file_size(there.out));
  const DepthFile back{there.out, folder_ / "b.png"};
  ASSERT_TRUE(converter_.decode(back, Existing::Refuse));
  EXPECT_EQ(codec::read_png(back.out)->data, picture().data);
  EXPECT_FALSE(fs::exists(folder_ / "a.strata.part"));
}

TEST_F(DepthFiles, WhatIsThereIsKept) {
  const auto out = encoded("a");
  const auto again = converter_.encode({folder_ / "a.png", out}, Existing::Refuse);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(again.error().message, HasSubstr("--force"));
  EXPECT_TRUE(converter_.encode({folder_ / "a.png", out}, Existing::Replace));
  EXPECT_FALSE(fs::exists(folder_ / "a.strata.part"));
}

TEST_F(DepthFiles, ColourIsNoDepth) {
  const auto in = write("c.png", picture(PixelFormat::RGB8));
  const auto named = converter_.encode({in, folder_ / "c.strata"}, Existing::Refuse);
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(named.error().message, HasSubstr("c.png: an 8-bit PNG (colour)"));
  const auto found = converter_.encode({in, folder_ / "c.strata", false}, Existing::Refuse);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
  EXPECT_FALSE(fs::exists(folder_ / "c.strata"));
}

TEST_F(DepthFiles, DamageIsNamed) {
  const auto sound = encoded("a");
  const auto size = static_cast<std::int64_t>(fs::file_size(sound));
  const auto code = [&](const std::function<void(const fs::path&)>& harm, std::string_view part) {
    const auto path = folder_ / "harmed.strata";
    fs::copy_file(sound, path, fs::copy_options::overwrite_existing);
    harm(path);
    const auto done = converter_.decode({path, folder_ / "x.png"}, Existing::Replace);
    EXPECT_FALSE(done);
    EXPECT_FALSE(fs::exists(folder_ / "x.png"));
    if (done) return ErrorCode::Closed;
    EXPECT_THAT(done.error().message, HasSubstr("harmed.strata: "));
    EXPECT_THAT(done.error().message, HasSubstr(std::string(part)));
    return done.error().code;
  };
  EXPECT_EQ(code([&](const auto& p) { fs::resize_file(p, static_cast<std::uintmax_t>(size - 3)); },
                 "cut short"),
            ErrorCode::Truncated);
  EXPECT_EQ(code([&](const auto& p) { fs::resize_file(p, static_cast<std::uintmax_t>(size + 3)); },
                 "3 bytes follow"),
            ErrorCode::Truncated);
  EXPECT_EQ(code([](const auto& p) { fs::resize_file(p, 7); }, ""), ErrorCode::Truncated);
  EXPECT_EQ(code([](const auto& p) { change(p, 0); }, ""), ErrorCode::Unsupported);
  EXPECT_EQ(code([](const auto& p) { change(p, 4); }, ""), ErrorCode::Unsupported);
  EXPECT_EQ(code([](const auto& p) { change(p, -2); }, "damaged"), ErrorCode::Truncated);
}

TEST_F(DepthFiles, AreInspected) {
  StrataDecoder decoder;
  const auto path = encoded("a");
  auto report = inspect_strata(path, decoder);
  ASSERT_TRUE(report.info);
  EXPECT_FALSE(report.error);
  EXPECT_EQ(report.info->width, 40U);
  EXPECT_EQ(report.valid_pixels, 1200U);
  EXPECT_EQ(report.checksum(), "right");
  EXPECT_NEAR(report.ratio(), 2400.0 / static_cast<double>(fs::file_size(path)), 1e-9);
  change(path, 18 + 4 + 1);  // without a table: the first band's checksum
  report = inspect_strata(path, decoder);
  ASSERT_TRUE(report.error);
  EXPECT_TRUE(report.info) << "the header is still good";
  const auto none = inspect_strata(folder_ / "none.strata", decoder);
  ASSERT_TRUE(none.error);
  EXPECT_EQ(none.error->code, ErrorCode::NotFound);
  EXPECT_EQ(none.checksum(), "not checked");
}

TEST_F(DepthFiles, OfAFolderComeByName) {
  for (const auto* name : {"b.png", "a.png", "c.txt"}) std::ofstream(folder_ / name) << "x";
  const auto files = find_depth_files({folder_.string()}, "png", "strata", "out");
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].in, folder_ / "a.png");
  EXPECT_EQ((*files)[0].out, fs::path("out") / "a.strata");
  EXPECT_FALSE((*files)[0].named);
  const auto one = find_depth_files({(folder_ / "b.png").string()}, "png", "strata", "");
  ASSERT_TRUE(one);
  EXPECT_EQ((*one)[0].out, folder_ / "b.strata");
  EXPECT_TRUE((*one)[0].named);
}

TEST_F(DepthFiles, ThatCannotBeFoundAreNamed) {
  const auto code = [](const std::vector<std::string>& paths, const std::string& out = "") {
    const auto files = find_depth_files(paths, "png", "strata", out);
    EXPECT_FALSE(files);
    return files ? ErrorCode::Closed : files.error().code;
  };
  EXPECT_EQ(code({(folder_ / "none").string()}), ErrorCode::NotFound);
  EXPECT_EQ(code({folder_.string()}), ErrorCode::NotFound) << "an empty folder";
  fs::create_directory(folder_ / "sub");
  for (const auto* name : {"a.png", "sub/a.png"}) std::ofstream(folder_ / name) << "x";
  EXPECT_EQ(code({folder_.string(), (folder_ / "sub").string()}, "out"), ErrorCode::InvalidArgument)
      << "two would become one";
  EXPECT_TRUE(
      find_depth_files({folder_.string(), (folder_ / "sub").string()}, "png", "strata", ""));
  std::ofstream(folder_ / "a.strata") << "x";
  EXPECT_EQ(find_depth_files({(folder_ / "a.strata").string()}, "png", "strata", "").error().code,
            ErrorCode::InvalidArgument)
      << "over itself";
}

TEST_F(DepthFiles, ThatAreThereAreCounted) {
  for (const auto* name : {"a.strata", "b.strata"}) std::ofstream(folder_ / name) << "x";
  const std::vector<DepthFile> files = {{"a.png", folder_ / "a.strata"},
                                        {"b.png", folder_ / "b.strata"},
                                        {"c.png", folder_ / "c.strata"}};
  const auto vacant = check_free(files);
  ASSERT_FALSE(vacant);
  EXPECT_THAT(vacant.error().message, HasSubstr("a.strata is there already, and 1 more"));
  EXPECT_TRUE(check_free({files[2]}));
}

TEST(DepthProfile, HasAName) {
  EXPECT_EQ(profile_name(STRATA_DEFAULT, 0), "default");
  EXPECT_EQ(profile_name(STRATA_FAST, 0), "fast");
  EXPECT_EQ(profile_name(STRATA_DEFAULT, 3), "near 3");
}

}  // namespace lenswire::cli
