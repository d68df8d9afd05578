// source.hpp - what yields frames: a camera, a recording, a built-in scene, a remote stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <lenswire/control.hpp>
#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>

namespace lenswire {

namespace base {
class StopToken;
}

/// What an opened source tells about itself.
struct SourceDescription {
  std::string model;   ///< "vivid", "Intel RealSense D435", "replay of ..."
  std::string serial;  ///< empty where there is none
  std::string bus;     ///< where it is plugged in; empty where that means nothing
  std::vector<StreamProfilePtr> streams;
  std::vector<Control> controls;
};

/// In pixels.
struct PictureSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool operator==(const PictureSize&) const = default;
};

/// Where a running source puts what it has. Borrowed for the duration of Source::run().
///
/// Threading: every call comes from the thread that is inside run(). None blocks.
class SourceSink {
 public:
  virtual ~SourceSink() = default;

  /// The device is open and this is what it offers. Called before the first frame, and again
  /// whenever a profile or the list of controls changed.
  virtual void opened(const SourceDescription& description) = 0;

  /// One captured frame. `frame->profile` is one of those last given to opened(); sequence numbers
  /// of a stream rise within a run, and a gap is a frame that the device or the driver lost. The
  /// next run may count on or begin anew.
  virtual void frame(FramePtr frame) = 0;

  /// Some controls have new values (the device or another program changed them).
  virtual void controls_changed(std::vector<Control> controls) = 0;

  /// Something went wrong that costs no more than a frame: a damaged file, a corrupt buffer.
  virtual void trouble(Error error) = 0;
};

/// One small object per camera. It knows nothing of retrying, clients or encodings: the runner
/// calls run() again, on the same object, after it returned.
///
/// Threading: run() on one thread; the control calls are thread-safe and may come while run() is
/// in progress.
class Source {
 public:
  virtual ~Source() = default;

  /// Opens the device, delivers frames, closes it. Blocks until `stop` (then the result is a
  /// value), or until the source ends or fails: NotFound and Disconnected mean the device is not
  /// there, Closed that a finite source has played to its end, all else that it is there and does
  /// not work.
  virtual Result<void> run(SourceSink& sink, const base::StopToken& stop) = 0;

  /// Whether run() has a chance: the device node, file or folder exists. Cheap; asked about once a
  /// second while nobody watches. The default is yes.
  [[nodiscard]] virtual Result<void> probe() { return {}; }

  /// The sizes that the `size` option of the source's URI can ask the device for. Empty where any
  /// within reason will do, where there is no such option, or where the device does not tell.
  [[nodiscard]] virtual std::vector<PictureSize> sizes() { return {}; }

  /// The present controls, read from the device. The default: none.
  virtual Result<std::vector<Control>> controls() { return std::vector<Control>{}; }

  /// Applies the group in order and answers the read-back values of the controls it names.
  /// Errors: NotFound (no such control), InvalidArgument (range), PermissionDenied (read-only),
  /// Disconnected; earlier members of the group stay applied only where the device can't undo them.
  virtual Result<std::vector<Control>> set_controls(const ControlSettings& settings);
};

}  // namespace lenswire
