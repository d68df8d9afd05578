#include "source/source_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lenswire::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Error error_of(std::string_view uri) {
  const SourceTable table;
  const auto made = table.make(uri, {base::system_clock()});
  EXPECT_FALSE(made) << uri;
  return made ? Error{} : made.error();
}

}  // namespace

TEST(SourceTable, AnUnknownKindNamesThoseThereAre) {
  const auto error = error_of("kinect:0");
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message, AllOf(HasSubstr("'kinect'"), HasSubstr("synthetic:room"),
                                   HasSubstr("replay:"), HasSubstr("image:")));
}

TEST(SourceTable, ATextThatIsNoUriIsExplained) {
  const auto error = error_of("/dev/video0");
  EXPECT_EQ(error.code, ErrorCode::InvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("v4l2:/dev/video0"));
}

TEST(SourceTable, BadOptionsNameTheirKeyAndWhatIsAccepted) {
  const auto expect = [](std::string_view uri, std::string_view part) {
    const auto error = error_of(uri);
    EXPECT_EQ(error.code, ErrorCode::InvalidArgument) << uri;
    EXPECT_THAT(error.message, HasSubstr(std::string(part)));
    EXPECT_THAT(error.message, HasSubstr(std::string(uri)));
  };
  expect("synthetic:garden", "synthetic:room and synthetic:ball");
  expect("synthetic:room?size=640", "size=640: expected WIDTHxHEIGHT");
  expect("synthetic:room?size=32x32", "at least 64 pixels a side");
  expect("synthetic:room?size=4096x4096", "at most 9437184 in all");
  expect("synthetic:room?fps=0", "fps=0: expected a number from 0.1 to 1000");
  expect("synthetic:room?seed=-1", "seed=-1");
  expect("synthetic:room?noise=5", "from 0 to 4");
  expect("synthetic:room?color=bgr8", "expected rgb8, yuyv, mjpeg or none");
  expect("synthetic:room?color=yuyv&size=65x64", "even");
  expect("synthetic:room?color=none&depth=0", "no stream");
  expect("synthetic:room?pattern=stripes", "expected textured, plain, checker or labels");
  expect("synthetic:room?rate=30", "unknown option 'rate'");
  expect("synthetic:ball?size=41x400", "at least 42 pixels");
  expect("synthetic:ball?noise=1", "unknown option 'noise'");
  expect("replay:", "write replay:FOLDER");
  expect("replay:x?fps=fast", "fps=fast");
  expect("replay:x?loop=2", "expected 0 or 1");
  expect("replay:x?unit_mm=0", "unit_mm=0");
  expect("replay:x?speed=2", "known here: fps, loop, unit_mm");
  expect("image:", "write image:FILE");
  expect("image:x?mark=maybe", "mark=maybe");
}

TEST(SourceTable, EveryExampleMakesASource) {
  const SourceTable table;
  ASSERT_FALSE(table.kinds().empty());
  for (const auto& kind : table.kinds()) {
    EXPECT_TRUE(std::string_view(kind.example).starts_with(kind.scheme));
    const auto made = table.make(kind.example, {base::system_clock()});
    if (made) continue;
    // What lives in a module may lack the module, or the library that it loads.
    EXPECT_EQ(made.error().code, ErrorCode::NotFound) << made.error().message;
    EXPECT_NE(made.error().message.find("not installed"), std::string::npos)
        << made.error().message;
  }
}

TEST(SourceTable, TakesKindsFromOutside) {
  SourceTable table;
  table.add({"lenswire", "a stream of another server", "lenswire://host/camera",
             [](base::SourceUri uri, const SourceContext&) -> Result<std::unique_ptr<Source>> {
               return fail(ErrorCode::Busy, uri.path);
             }});
  EXPECT_EQ(table.make("lenswire://lab/front", {base::system_clock()}).error().message,
            "//lab/front");
}

}  // namespace lenswire::source
