// freenect2_source.hpp - Kinect for Xbox One (v2) through libfreenect2.
#pragma once

#include <deque>
#include <libfreenect2/libfreenect2.hpp>
#include <memory>
#include <string>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/uri.hpp"
#include "frame/frame_pool.hpp"
#include "source/device_clock.hpp"
#include "source/frame_numbers.hpp"

namespace lenswire::freenect2 {

struct Options {
  std::string serial;  ///< empty: the first camera there is
  bool depth = true;
  bool color = true;
  bool infrared = false;

  /// Errors: InvalidArgument for a bad option.
  static Result<Options> parse(base::SourceUri uri);
};

/// Serial numbers of the Kinects that are plugged in.
std::vector<std::string> list_kinects();

/// Turns the library's frames into ours, on its threads, and hands them to the thread inside run().
///
/// Threading: onNewFrame() on the library's threads, next() on another one.
class Receiver final : public libfreenect2::FrameListener {
 public:
  explicit Receiver(const base::Clock& clock) : clock_(clock) {}

  /// From now on frames of this kind are taken. Thread-safe.
  void expect(libfreenect2::Frame::Type type, StreamProfilePtr profile);

  bool onNewFrame(libfreenect2::Frame::Type type, libfreenect2::Frame* frame) override;

  /// The next frame, or why one is lost; null after the patience.
  Result<FramePtr> next(Nanoseconds patience);

 private:
  struct Stream {
    StreamProfilePtr profile;  // guarded by mutex_
    source::DeviceClock clock;
    source::FrameNumbers numbers;
    std::optional<std::uint32_t> last_stamp;
    std::int64_t device_stamp = 0;
  };
  Stream* stream_of(libfreenect2::Frame::Type type) noexcept;
  Result<FramePtr> convert(Stream& stream, const StreamProfilePtr& profile,
                           const libfreenect2::Frame& from);

  const base::Clock& clock_;
  frame::FramePool pool_;
  Stream depth_, color_, infrared_;  // each for one thread of the library

  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::deque<Result<FramePtr>> frames_ LENSWIRE_GUARDED_BY(mutex_);
};

/// Threading: as Source says.
class Freenect2Source final : public Source {
 public:
  /// `clock` outlives the source.
  Freenect2Source(Options options, const base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;

 private:
  const Options options_;
  const base::Clock& clock_;
};

}  // namespace lenswire::freenect2
