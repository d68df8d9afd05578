// openni2_source.hpp - Kinect, PrimeSense, Orbbec and whatever else has an OpenNI2 driver.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/uri.hpp"
#include "frame/frame_pool.hpp"
#include "modules/openni2/oni_device.hpp"
#include "source/device_clock.hpp"
#include "source/frame_numbers.hpp"

namespace lenswire::openni2 {

struct Options {
  std::string uri;                   ///< OpenNI's own; empty: the first camera there is
  std::vector<std::string> streams;  ///< empty: depth and color, where the camera has them
  std::optional<PictureSize> size;
  std::optional<int> rate_hz;
  std::optional<bool> mirror;
  std::optional<bool> registration;

  /// Errors: InvalidArgument for a bad option.
  static Result<Options> parse(base::SourceUri uri);
};

/// The camera stays open from the first question until the process ends or run() returns: some
/// drivers crash when they close it.
///
/// Threading: as Source says: run() on one thread, the rest thread-safe.
class OpenNi2Source final : public Source {
 public:
  /// `clock` outlives the source.
  OpenNi2Source(Options options, const base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<std::vector<Control>> controls() override;
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override;

 private:
  struct OpenStream {
    StreamHandle handle;
    std::string name;
    OniVideoMode mode{};
    StreamProfilePtr profile;
    source::DeviceClock clock;
    source::FrameNumbers numbers;
  };
  /// The device closes after its streams.
  struct Session {
    std::unique_ptr<Device> device;
    std::vector<std::unique_ptr<OpenStream>> streams;
    bool is_registered = false;  ///< depth shown as the colour camera sees it
  };
  struct Setting;

  Result<Session*> session() LENSWIRE_REQUIRES(mutex_);
  Result<void> add_stream(Session& session, const std::string& name, bool is_wanted);
  Result<OniVideoMode> choose_mode(const Session& session, OniSensorType sensor,
                                   const std::string& name) const;
  std::vector<Setting> settings_of(const Session& session) const;
  void describe_streams(Session& session) const;
  void announce(SourceSink& sink);
  Result<void> stream(Session& session, SourceSink& sink, const base::StopToken& stop);
  Result<void> take_frame(OpenStream& stream, SourceSink& sink);

  const Options options_;
  const base::Clock& clock_;
  frame::FramePool pool_;  // only for the thread inside run()

  base::Mutex mutex_;
  std::unique_ptr<Session> session_ LENSWIRE_GUARDED_BY(mutex_);
  bool changed_ LENSWIRE_GUARDED_BY(mutex_) = false;  // controls were set: to be announced
};

}  // namespace lenswire::openni2
