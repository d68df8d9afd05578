// vivid_machine.hpp - three vivid cameras of a real kernel that can be unplugged.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include <lenswire/source.hpp>

#include "source/v4l2/background_run.hpp"
#include "source/v4l2/v4l2_controls.hpp"
#include "source/v4l2/v4l2_node.hpp"
#include "source/v4l2/v4l2_source.hpp"

namespace lenswire::source::v4l2 {

inline constexpr const char* kFirstCamera = "v4l2:/dev/video0";
inline constexpr const char* kFirstPosition = "v4l2:platform:vivid-000";
inline constexpr const char* kSecondCamera = "v4l2:/dev/video1";
inline constexpr const char* kPlanarCamera = "v4l2:/dev/video2";  // of the multi-planar interface

/// Every test begins with all cameras fresh from the driver. Only makes sense inside with-vivid.
class VividTest : public testing::Test {
 protected:
  void SetUp() override;

  static void unplug();  ///< all at once: they belong to one driver
  static void plug();
  static std::unique_ptr<Source> make(const std::string& uri);
  static OpenNode node(const std::string& path);

  /// Sets controls through a descriptor of its own, as another program would.
  static void set(const ControlSettings& settings, const std::string& path = "/dev/video0");

  /// The error of a run that can't begin, or that ends by itself.
  static Error failing_run(Source& source, SourceSink& sink);

  /// Waits until the sink has this many frames in all.
  static void wait_for_frames(RecordingSink& sink, std::size_t count);
};

/// Milliseconds since then, for the measurements the tests print.
[[nodiscard]] double ms_since(std::chrono::steady_clock::time_point start);

/// Descriptors this process has open.
[[nodiscard]] std::size_t open_descriptors();

}  // namespace lenswire::source::v4l2
