#include "cli/camera_names.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "source/temporary_folder_for_test.hpp"

namespace lenswire::cli {
namespace {

using source::FoundSource;
using source::KnownBy;
using Names = std::vector<std::string>;

FoundSource with_serial(const std::string& serial, const std::string& place,
                        const std::string& uri) {
  return {uri, "", KnownBy::Device, "v4l2 C920 " + serial, place};
}

FoundSource without_serial(const std::string& place, const std::string& uri) {
  return {uri, "", KnownBy::Device, "v4l2 C270", place};
}

/// "cam0=URI" for each, as the server would serve them after a restart: by way of the file.
Names start(CameraNames& names, const std::vector<FoundSource>& found) {
  Names out;
  for (const auto& camera : names.assign(found)) out.push_back(camera.name + "=" + camera.uri);
  auto read = CameraNames::parse(names.to_text());
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  if (read) {
    EXPECT_EQ(*read, names);
  }
  return out;
}

TEST(CameraNames, TheFirstStartNamesThemInOrder) {
  CameraNames names;
  EXPECT_EQ(start(names, {with_serial("A", "usb-1", "v4l2:/dev/video0"),
                          without_serial("usb-2", "v4l2:/dev/video2")}),
            (Names{"cam0=v4l2:/dev/video0", "cam1=v4l2:/dev/video2"}));
}

TEST(CameraNames, ASerialNumberIsKnownAgainAtAnyPort) {
  CameraNames names;
  start(names, {with_serial("A", "usb-1", "a"), with_serial("B", "usb-2", "b")});
  EXPECT_EQ(start(names, {with_serial("B", "usb-1", "b"), with_serial("A", "usb-3", "a")}),
            (Names{"cam0=a", "cam1=b"}));
  EXPECT_EQ(start(names, {with_serial("B", "usb-7", "b")}), (Names{"cam1=b"}));
}

TEST(CameraNames, WithoutASerialNumberThePortTellsTwinsApart) {
  CameraNames names;
  start(names, {without_serial("usb-1", "a"), without_serial("usb-2", "b")});
  EXPECT_EQ(start(names, {without_serial("usb-2", "b"), without_serial("usb-1", "a")}),
            (Names{"cam0=a", "cam1=b"}));
}

TEST(CameraNames, WithoutASerialNumberTheOnlyOneThatMovedIsKnown) {
  CameraNames names;
  start(names, {without_serial("usb-1", "a"), without_serial("usb-2", "b")});
  EXPECT_EQ(start(names, {without_serial("usb-3", "c"), without_serial("usb-2", "b")}),
            (Names{"cam0=c", "cam1=b"}));
  // Which of the two is which nobody knows, and a wrong calibration is worse than none.
  EXPECT_EQ(start(names, {without_serial("usb-5", "d"), without_serial("usb-6", "e")}),
            (Names{"cam2=d", "cam3=e"}));
  EXPECT_EQ(start(names, {without_serial("usb-5", "d"), without_serial("usb-7", "f")}),
            (Names{"cam2=d", "cam3=f"}))
      << "the two that are away are not meant";
}

TEST(CameraNames, ANewCameraNeverGetsTheNameOfOneThatIsAway) {
  CameraNames names;
  start(names, {with_serial("A", "usb-1", "a"), with_serial("B", "usb-2", "b")});
  EXPECT_EQ(start(names, {with_serial("C", "usb-1", "c")}), (Names{"cam2=c"}));
  EXPECT_EQ(start(names, {with_serial("C", "usb-1", "c"), with_serial("A", "usb-2", "a")}),
            (Names{"cam0=a", "cam2=c"}));
}

TEST(CameraNames, CamerasOfOneSerialNumberAreToldByTheirPorts) {
  CameraNames names;
  start(names, {with_serial("0001", "usb-1", "a"), with_serial("0001", "usb-2", "b")});
  EXPECT_EQ(start(names, {with_serial("0001", "usb-2", "b"), with_serial("0001", "usb-1", "a")}),
            (Names{"cam0=a", "cam1=b"}));
  EXPECT_EQ(start(names, {with_serial("0001", "usb-3", "b"), with_serial("0001", "usb-1", "a")}),
            (Names{"cam0=a", "cam1=b"}));
  EXPECT_EQ(start(names, {with_serial("0001", "usb-4", "a or b")}), (Names{"cam2=a or b"}));
}

TEST(CameraNames, SourcesWithoutMoreAreKnownByTheirUri) {
  CameraNames names;
  start(names, {{"openni2:1d27/0601@2/5", ""}, {"realsense:842312070337", ""}});
  EXPECT_EQ(start(names, {{"realsense:842312070337", ""}, {"openni2:1d27/0601@1/9", ""}}),
            (Names{"cam0=openni2:1d27/0601@1/9", "cam1=realsense:842312070337"}));
}

TEST(CameraNames, OneThatCannotBeAskedIsNotRemembered) {
  CameraNames names;
  start(names, {with_serial("A", "usb-1", "a")});
  const auto before = names;
  EXPECT_EQ(start(names, {{"b", "no permission", KnownBy::Nothing, "", ""},
                          with_serial("A", "usb-1", "a")}),
            (Names{"cam0=a", "cam1=b"}));
  EXPECT_EQ(names, before);
}

TEST(CameraNames, AnyNameMayBeWrittenIntoTheFile) {
  auto names = CameraNames::parse(
      R"({"cameras": [{"name": "door", "device": "v4l2 C920 A", "place": "usb-1", "there": true}]})");
  ASSERT_TRUE(names);
  EXPECT_EQ(start(*names, {with_serial("A", "usb-4", "a"), with_serial("B", "usb-1", "b")}),
            (Names{"cam0=b", "door=a"}));
}

TEST(CameraNames, WordsOfADeviceThatAreNoTextCompareEqualAllTheSame) {
  CameraNames names;
  const FoundSource odd{"a", "", KnownBy::Device, "C\xff\x01\"\\" + std::string(500, 'x'), "\n"};
  start(names, {odd, with_serial("B", "usb-2", "b")});
  EXPECT_EQ(start(names, {with_serial("B", "usb-2", "b"), odd}), (Names{"cam0=a", "cam1=b"}));
}

TEST(CameraNames, ThoseAwayForLongestAreForgotten) {
  CameraNames names;
  const auto long_one = [](std::size_t number) {
    return with_serial(fmt::format("{:0190}", number), std::string(200, '"'), "a");
  };
  for (std::size_t i = 0; i <= CameraNames::kMaxRemembered; ++i)
    EXPECT_EQ(start(names, {long_one(i)}), (Names{fmt::format("cam{}=a", i)}));
  EXPECT_EQ(start(names, {long_one(1)}), (Names{"cam1=a"}));
  // The first one has gone, and its name is free.
  EXPECT_EQ(start(names, {with_serial("new", "usb-1", "a")}), (Names{"cam0=a"}));
  EXPECT_LE(names.to_text().size(), CameraNames::kMaxFileBytes);
}

TEST(CameraNames, RefusesWhatItWouldNotWrite) {
  const auto camera = [](const std::string& name, const std::string& device) {
    return fmt::format(R"({{"name": "{}", "device": "{}", "place": "", "there": false}})", name,
                       device);
  };
  const auto with = [](const std::string& list) { return R"({"cameras": [)" + list + "]}"; };
  EXPECT_TRUE(CameraNames::parse(with("")));
  EXPECT_TRUE(CameraNames::parse(with(camera("a", "x") + "," + camera("b", "y"))));
  std::string many = camera("a", "x");
  for (std::size_t i = 0; i < CameraNames::kMaxRemembered; ++i)
    many += "," + camera(fmt::format("b{}", i), fmt::format("y{}", i));
  for (const auto& bad : std::vector<std::string>{
           "", "[]", "{", R"({"cameras": 1})", with("1"), with("{}"), with(camera("../x", "x")),
           with(camera("a", "x") + "," + camera("a", "y")),
           with(camera("a", "x") + "," + camera("b", "x")), with(camera("a", "\\u0007")),
           with(camera("a", std::string(CameraNames::kMaxTextBytes + 1, 'x'))), with(many),
           with("") + std::string(CameraNames::kMaxFileBytes, ' ')}) {
    const auto parsed = CameraNames::parse(bad);
    EXPECT_FALSE(parsed) << bad.substr(0, 100);
    if (!parsed) {
      EXPECT_FALSE(parsed.error().message.empty());
    }
  }
}

class CameraNamesFile : public testing::Test {
 protected:
  [[nodiscard]] std::string text() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Names start(const std::vector<FoundSource>& found, const std::string& file) {
    Names out;
    for (const auto& camera : name_found_cameras(found, file))
      out.push_back(camera.name + "=" + camera.uri);
    return out;
  }
  source::TemporaryFolder folder_;
  const std::string file_ = folder_.path().string() + "/state/cameras.json";
  const FoundSource a_ = with_serial("A", "usb-1", "a");
  const FoundSource b_ = with_serial("B", "usb-2", "b");
};

TEST_F(CameraNamesFile, OutlivesTheProcessAndBelongsToItsOwnerAlone) {
  EXPECT_EQ(start({a_, b_}, file_), (Names{"cam0=a", "cam1=b"}));
  EXPECT_EQ(start({b_, a_}, file_), (Names{"cam0=a", "cam1=b"}));
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(CameraNamesFile, ADamagedOneIsLeftAsItIs) {
  start({a_, b_}, file_);
  std::ofstream(file_) << "{\"cameras\": [";
  EXPECT_EQ(start({b_, a_}, file_), (Names{"cam0=b", "cam1=a"}));
  EXPECT_EQ(text(), "{\"cameras\": [");
}

TEST_F(CameraNamesFile, WithoutAPlaceToKeepThemCamerasHaveNamesAllTheSame) {
  EXPECT_EQ(start({a_}, ""), (Names{"cam0=a"}));
  std::ofstream(folder_.path() / "state") << "no folder";
  EXPECT_EQ(start({a_}, file_), (Names{"cam0=a"}));
}

}  // namespace
}  // namespace lenswire::cli
