// Formats, frames, times and pixels of a real kernel.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "source/v4l2/v4l2_buffers.hpp"
#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST_F(VividTest, AllCamerasAreFound) {
  const auto found = find_v4l2_sources();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].uri, kFirstCamera);
  EXPECT_EQ(found[1].uri, kSecondCamera);
  EXPECT_EQ(found[2].uri, kPlanarCamera);
  EXPECT_THAT(found[0].description, HasSubstr("vivid at platform:vivid-000: "));
  EXPECT_THAT(found[1].description, HasSubstr("vivid at platform:vivid-001: "));
  EXPECT_THAT(found[0].description, HasSubstr("yuyv"));
  EXPECT_THAT(found[0].description, HasSubstr("up to 3840x2160"));
  std::printf("found: %s - %s\n", found[0].uri.c_str(), found[0].description.c_str());
}

TEST_F(VividTest, FormatsSizesAndRatesAreListed) {
  const auto started = std::chrono::steady_clock::now();
  const auto offers = list_formats(node("/dev/video0"));
  std::printf("listing %zu formats took %.1f ms\n", offers.size(), ms_since(started));
  std::set<PixelFormat> readable;
  for (const auto& offer : offers)
    if (offer.format) readable.insert(*offer.format);
  for (const auto format :
       {PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::NV12, PixelFormat::Y8, PixelFormat::Y16,
        PixelFormat::RGB8, PixelFormat::BGR8})
    EXPECT_TRUE(readable.contains(format)) << to_string(format);

  const auto yuyv = std::find_if(offers.begin(), offers.end(), [](const FormatOffer& offer) {
    return offer.format == PixelFormat::YUYV;
  });
  ASSERT_NE(yuyv, offers.end());
  const auto vga = std::find_if(yuyv->sizes.begin(), yuyv->sizes.end(), [](const SizeOffer& size) {
    return size.min_width == 640 && size.min_height == 480;
  });
  ASSERT_NE(vga, yuyv->sizes.end());
  ASSERT_FALSE(vga->intervals.empty());
  EXPECT_DOUBLE_EQ(vga->intervals.back().fastest.rate_hz(), 25);
}

TEST_F(VividTest, FramesRiseInSequenceAndTime) {
  const auto source = make(kFirstCamera);
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 40);
  ASSERT_TRUE(run.finish());

  const auto& description = sink.openings.at(0);
  EXPECT_EQ(description.model, "vivid");
  EXPECT_EQ(description.bus, "platform:vivid-000");
  const auto& profile = *description.streams.at(0);
  EXPECT_EQ(profile.stream, "color");
  EXPECT_EQ(profile.format, PixelFormat::YUYV);
  EXPECT_EQ(profile.width, 640U);
  EXPECT_EQ(profile.height, 480U);
  EXPECT_DOUBLE_EQ(profile.rate_hz, 25);

  const auto now = base::system_clock().now();
  for (std::size_t i = 0; i < sink.frames.size(); ++i) {
    const auto& frame = *sink.frames[i];
    EXPECT_EQ(frame.data.size(), 640U * 480 * 2);
    EXPECT_LE(frame.capture_uncertainty, milliseconds(20)) << "half a frame time";
    EXPECT_LE(frame.capture_time + frame.capture_uncertainty, frame.arrival_time);
    EXPECT_LT(frame.arrival_time - frame.capture_time, seconds(1));
    EXPECT_LE(frame.arrival_time, now);
    EXPECT_EQ(frame.domain, TimestampDomain::HostMonotonic);
    if (i == 0) continue;
    const auto& before = *sink.frames[i - 1];
    EXPECT_GT(frame.sequence, before.sequence);
    EXPECT_GT(frame.capture_time, before.capture_time);
  }
}

TEST_F(VividTest, TimesAreTheKernels) {
  // The stamp gives the earliest moment the exposure can have been, in either mode. The kernel's
  // stamps are whole microseconds; a time taken when the frame arrived would not be.
  for (const char* stamped : {"Start of Exposure", "End of Frame"}) {
    set({{"timestamp_source", std::string(stamped)}});
    const auto source = make(kFirstCamera);
    RecordingSink sink;
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 30);
    ASSERT_TRUE(run.finish());
    const auto stamp_of = [](const Frame& f) { return f.capture_time - f.capture_uncertainty; };
    Nanoseconds age{};
    for (const auto& frame : sink.frames) {
      EXPECT_EQ(to_ns(stamp_of(*frame)) % 1000, 0) << stamped;
      EXPECT_LE(stamp_of(*frame), frame->arrival_time);
      age = std::max(age, frame->arrival_time - frame->capture_time);
    }
    const auto& first = *sink.frames.front();
    const auto& last = *sink.frames.back();
    const auto beats = static_cast<std::int64_t>(last.sequence - first.sequence);
    const auto took = stamp_of(last) - stamp_of(first);
    EXPECT_GT(took, milliseconds(40) * beats * 9 / 10) << stamped;
    EXPECT_LT(took, milliseconds(40) * beats * 11 / 10) << stamped;
    const auto in_ms = [](Nanoseconds t) {
      return std::chrono::duration<double, std::milli>(t).count();
    };
    std::printf("%s: %lld frame times in %.1f ms; capture to arrival at most %.2f +- %.2f ms\n",
                stamped, static_cast<long long>(beats), in_ms(took), in_ms(age),
                in_ms(last.capture_uncertainty));
    EXPECT_LT(age, seconds(1));
    EXPECT_EQ(sink.frames.back()->domain,
              stamped[0] == 'S' ? TimestampDomain::Device : TimestampDomain::HostMonotonic);
  }
}

TEST_F(VividTest, PixelsAreTheCamerasAndMove) {
  const auto source = make(std::string(kFirstCamera) + "?size=320x180&fps=50");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 2);
  // The running clock in vivid's picture.
  EXPECT_TRUE(sink.wait_for([&] { return sink.frames.back()->data != sink.frames[0]->data; }));

  // White, then black, without text: the luma of every pixel says which.
  const auto all_luma = [&](auto within) {
    const auto& data = sink.frames.back()->data;
    for (std::size_t i = 0; i < data.size(); i += 2)
      if (!within(std::to_integer<int>(data[i]))) return false;
    return true;
  };
  set({{"osd_text_mode", std::string("None")}, {"test_pattern", std::string("100% White")}});
  EXPECT_TRUE(sink.wait_for([&] { return all_luma([](int y) { return y > 225; }); }));
  set({{"test_pattern", std::string("100% Black")}});
  EXPECT_TRUE(sink.wait_for([&] { return all_luma([](int y) { return y < 25; }); }));
  EXPECT_TRUE(run.finish());
}

TEST_F(VividTest, EveryReadableFormatDelivers) {
  for (const auto& [name, bytes_per_row] :
       std::vector<std::pair<std::string, std::size_t>>{{"yuyv", 640},
                                                        {"uyvy", 640},
                                                        {"nv12", 480},
                                                        {"y8", 320},
                                                        {"y16", 640},
                                                        {"rgb8", 960},
                                                        {"bgr8", 960}}) {
    const auto source = make(std::string(kFirstCamera) + "?size=320x180&fps=60&format=" + name);
    RecordingSink sink;
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 3);
    ASSERT_TRUE(run.finish()) << name;
    const auto& frame = *sink.frames.back();
    EXPECT_EQ(to_string(frame.format()), name);
    EXPECT_EQ(frame.data.size(), bytes_per_row * 180) << name;
    const auto [low, high] = std::minmax_element(frame.data.begin(), frame.data.end());
    EXPECT_LT(*low, *high) << name << ": a picture, not a grey wall";
    EXPECT_EQ(frame.profile->stream, name == "y8" || name == "y16" ? "infrared" : "color");
  }
}

TEST_F(VividTest, TwoCamerasRunSideBySide) {
  const auto first = make(kFirstCamera);
  const auto second = make(kSecondCamera);
  RecordingSink first_sink;
  RecordingSink second_sink;
  BackgroundRun first_run(*first, first_sink);
  BackgroundRun second_run(*second, second_sink);
  wait_for_frames(first_sink, 20);
  wait_for_frames(second_sink, 20);
  EXPECT_TRUE(first_run.finish());
  EXPECT_TRUE(second_run.finish());
  EXPECT_EQ(second_sink.openings.at(0).bus, "platform:vivid-001");
}

TEST_F(VividTest, StopEndsTheRunAtOnce) {
  // 1 frame a second: a stop that waited for one would be seen.
  const auto source = make(std::string(kFirstCamera) + "?fps=1");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 1);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(run.finish());
  const auto took = ms_since(started);
  EXPECT_LT(took, 500);
  std::printf("stop took %.1f ms\n", took);
}

TEST_F(VividTest, AWrongSizeNamesWhatIsOffered) {
  RecordingSink sink;
  const auto error =
      failing_run(*make(std::string(kFirstCamera) + "?size=641x480&format=yuyv"), sink);
  EXPECT_EQ(error.code, ErrorCode::InvalidArgument);
  EXPECT_EQ(error.message,
            "/dev/video0 does not offer 641x480 in yuyv; it offers 320x180, 640x360, 640x480, "
            "1280x720, 1920x1080, 3840x2160");
  const auto format = failing_run(*make(std::string(kFirstCamera) + "?format=z16"), sink);
  EXPECT_EQ(format.code, ErrorCode::Unsupported);
  EXPECT_THAT(format.message, HasSubstr("does not offer z16; it offers yuyv"));
}

TEST_F(VividTest, AMissingNodeNamesTheCamerasThereAre) {
  const auto source = make("v4l2:/dev/video9");
  EXPECT_EQ(source->probe().error().code, ErrorCode::NotFound);
  RecordingSink sink;
  const auto error = failing_run(*source, sink);
  EXPECT_EQ(error.code, ErrorCode::NotFound);
  EXPECT_EQ(error.message,
            "no camera at /dev/video9; there are: /dev/video0 (vivid at platform:vivid-000), "
            "/dev/video1 (vivid at platform:vivid-001), /dev/video2 (vivid at "
            "platform:vivid-002)");
}

TEST_F(VividTest, ABusyCameraNamesItsHolder) {
  const auto holder = make(kFirstCamera);
  RecordingSink holder_sink;
  BackgroundRun run(*holder, holder_sink);
  wait_for_frames(holder_sink, 1);
  RecordingSink sink;
  auto error = failing_run(*make(kFirstCamera), sink);
  EXPECT_EQ(error.code, ErrorCode::Busy);
  EXPECT_THAT(error.message, HasSubstr("in use by another camera of this very program"));
  EXPECT_TRUE(run.finish());

  // Another process: it holds the stream until its standard input ends.
  int ready[2];
  int end[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(end), 0);
  const auto child = ::fork();
  if (child == 0) {
    ::close(end[1]);
    const auto held = open_node(kernel(), "/dev/video0");
    const auto queue = held ? BufferQueue::start(*held) : fail(held.error());
    char byte = queue ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) == 1) [[maybe_unused]]
      const auto got = ::read(end[0], &byte, 1);
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  error = failing_run(*make(kFirstCamera), sink);
  EXPECT_EQ(error.code, ErrorCode::Busy);
  EXPECT_THAT(error.message, HasSubstr("(pid " + std::to_string(child) + ")"));
  std::printf("busy: %s\n", error.message.c_str());
  for (const int fd : {ready[0], ready[1], end[0], end[1]}) ::close(fd);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
}

TEST_F(VividTest, NoPermissionNamesTheGroup) {
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  RecordingSink sink;
  const auto error = failing_run(*make(kFirstCamera), sink);
  const auto found = find_v4l2_sources();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(error.code, ErrorCode::PermissionDenied);
  EXPECT_THAT(error.message, HasSubstr("no permission for /dev/video0; add the user to the group"));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_THAT(found[0].description, HasSubstr("no permission"));
}

}  // namespace
}  // namespace lenswire::source::v4l2
