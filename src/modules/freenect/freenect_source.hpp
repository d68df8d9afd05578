// freenect_source.hpp - Kinect for Xbox 360 (v1) through libfreenect, with its motor, LED and
// accelerometer.
#pragma once

#include <libfreenect.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/uri.hpp"
#include "frame/frame_pool.hpp"
#include "source/device_clock.hpp"

namespace lenswire::freenect {

struct Options {
  std::string serial;  ///< empty: the first camera there is
  bool depth = true;
  bool color = true;
  bool infrared = false;  ///< instead of color: the camera has one path for both
  bool accel = false;
  bool registration = false;  ///< depth as the colour camera sees it
  bool mirror = false;

  /// Errors: InvalidArgument for a bad option.
  static Result<Options> parse(base::SourceUri uri);
};

/// One Kinect and libfreenect's context for it; closes both.
///
/// Threading: thread-bound, as libfreenect is.
class Kinect {
 public:
  /// Errors: NotFound (none there, or not with this serial number), Busy.
  static Result<std::unique_ptr<Kinect>> open(const std::string& serial);
  ~Kinect();
  Kinect(const Kinect&) = delete;
  Kinect& operator=(const Kinect&) = delete;

  [[nodiscard]] freenect_context* context() const noexcept { return context_; }
  [[nodiscard]] freenect_device* device() const noexcept { return device_; }

  /// The motor, LED, accelerometer and picture settings.
  [[nodiscard]] std::vector<Control> controls();
  /// Errors: as source::ControlBank::set(); Busy where the camera refuses.
  Result<std::vector<Control>> set(const ControlSettings& settings);

 private:
  Kinect() = default;
  [[nodiscard]] Result<void> apply(const Control& control);

  freenect_context* context_ = nullptr;
  freenect_device* device_ = nullptr;
  // What can't be read back from the camera.
  std::int64_t led_ = LED_GREEN;
  bool auto_exposure_ = true;
  bool auto_white_balance_ = true;
};

/// Serial numbers of the Kinects that are plugged in; empty texts where the library can't tell.
Result<std::vector<std::string>> list_kinects();

/// libfreenect must be called by one thread at a time, and its callbacks come from inside it: all
/// happens on the thread inside run(), also what controls() and set_controls() ask meanwhile.
///
/// Threading: as Source says.
class FreenectSource final : public Source {
 public:
  /// `clock` outlives the source.
  FreenectSource(Options options, const base::Clock& clock);

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<std::vector<Control>> controls() override;
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override;

 private:
  struct Picture {
    StreamProfilePtr profile;
    source::DeviceClock clock;
    std::uint64_t device_ticks = 0;
    std::optional<std::uint32_t> last_ticks;
    std::uint64_t sequence = 0;
    bool is_raw = false;  ///< 11 bits, to be turned into millimetres
  };
  using Question = std::function<Result<std::vector<Control>>(Kinect&)>;
  struct Asked {
    Question question;
    std::optional<Result<std::vector<Control>>> answer;
  };

  Result<std::vector<Control>> ask(Question question);
  void answer_questions(Kinect& kinect);
  Result<void> start(Kinect& kinect, SourceSink& sink);
  Result<void> choose_modes(Kinect& kinect);
  Result<void> stream(Kinect& kinect, SourceSink& sink, const base::StopToken& stop);
  void take(Picture& picture, const void* pixels, std::uint32_t ticks);
  void take_accel(Kinect& kinect, SourceSink& sink);

  const Options options_;
  const base::Clock& clock_;

  // Only for the thread inside run().
  frame::FramePool pool_;
  Picture depth_;
  Picture video_;
  StreamProfilePtr accel_;
  std::uint64_t accel_sequence_ = 0;
  SourceSink* sink_ = nullptr;

  base::Mutex mutex_;
  base::ConditionVariable answered_;
  bool running_ LENSWIRE_GUARDED_BY(mutex_) = false;
  std::deque<std::shared_ptr<Asked>> asked_ LENSWIRE_GUARDED_BY(mutex_);
};

/// Millimetres of one of the 11-bit values that very old versions of the library give; 0 for none.
[[nodiscard]] std::uint16_t millimetres_of_raw(std::uint16_t raw) noexcept;

/// What has to be added to a 32-bit counter for the ticks since `last`, which may have wrapped.
[[nodiscard]] inline std::uint64_t ticks_since(std::uint32_t last, std::uint32_t now) noexcept {
  return static_cast<std::uint32_t>(now - last);
}

}  // namespace lenswire::freenect
