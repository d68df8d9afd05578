#include "vivid_machine.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace lenswire::source::v4l2 {
namespace {

const std::filesystem::path kDriver = "/sys/bus/platform/drivers/vivid";
constexpr const char* kDeviceName = "vivid.0";

// The kernel has made or removed the nodes by the time the write returns.
void write_to(const char* file) { std::ofstream(kDriver / file) << kDeviceName << std::flush; }

}  // namespace

void VividTest::SetUp() {
  ASSERT_TRUE(std::filesystem::exists(kDriver)) << "no vivid driver: run this by with-vivid";
  unplug();
  plug();
  ASSERT_TRUE(std::filesystem::exists("/dev/video0"));
  ASSERT_TRUE(std::filesystem::exists("/dev/video1"));
  ASSERT_TRUE(std::filesystem::exists("/dev/video2"));
}

void VividTest::unplug() {
  if (std::filesystem::exists(kDriver / kDeviceName)) write_to("unbind");
}
void VividTest::plug() { write_to("bind"); }

std::unique_ptr<Source> VividTest::make(const std::string& uri) {
  auto source =
      make_v4l2_source(unwrap(base::SourceUri::parse(uri)), SourceContext{base::system_clock()});
  return unwrap(std::move(source));
}

OpenNode VividTest::node(const std::string& path) { return unwrap(open_node(kernel(), path)); }

void VividTest::set(const ControlSettings& settings, const std::string& path) {
  const auto answer = apply_controls(node(path), settings);
  ASSERT_TRUE(answer) << answer.error().message;
}

Error VividTest::failing_run(Source& source, SourceSink& sink) {
  const base::StopSource stop;
  const auto result = source.run(sink, stop.token());
  EXPECT_FALSE(result);
  return result ? Error{} : result.error();
}

void VividTest::wait_for_frames(RecordingSink& sink, std::size_t count) {
  ASSERT_TRUE(sink.wait_for([&] { return sink.frames.size() >= count; }))
      << "frames: " << sink.frames.size() << ", troubles: " << sink.troubles.size();
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace lenswire::source::v4l2
