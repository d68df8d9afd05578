// source_runner.hpp - runs one source on its own thread, retries, and says how it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/source.hpp>

#include "base/clock.hpp"

namespace lenswire::source {

enum class SourceState : std::uint8_t {
  Idle,       // nobody watches, or a finite source has played to its end; the device is closed
  Absent,     // the device is not there
  Opening,    // being opened, or opened and no frame yet
  Streaming,  // frames flow
  Stalled,    // open, but some stream has had no frame for max(2 s, 10 frame times)
  Failed,     // there, but does not work; retried
  Stopping,
};

/// The stable lower-case name ("streaming"), as used in JSON and metrics.
[[nodiscard]] std::string_view to_string(SourceState state) noexcept;

/// Why, since when and how often: what status pages show of a camera.
struct SourceStatus {
  SourceState state = SourceState::Idle;
  /// What is wrong and what to do; empty while all is well. While a failed source is being opened
  /// again, still the failure.
  std::string reason;
  MonotonicTime since{};  ///< when the present state began
  std::uint64_t frames = 0;
  std::uint64_t source_gaps = 0;  ///< frames that the device lost, by its sequence numbers
  std::uint64_t opens = 0;        ///< runs that got as far as opened()
  std::uint64_t failures = 0;
  std::uint64_t troubles = 0;  ///< damaged pictures and the like
  std::string last_trouble;
  std::uint64_t abandoned = 0;  ///< run() calls that did not return when told to
};

/// What the runner's owner wants to hear. Calls come from the runner's threads, one at a time, and
/// must not block. They may call status() and set_demand(), not stop().
class RunnerListener {
 public:
  virtual ~RunnerListener() = default;
  virtual void source_opened(const SourceDescription& description) = 0;
  virtual void source_frame(FramePtr frame) = 0;
  virtual void source_controls_changed(const std::vector<Control>& controls) = 0;
  /// The state or its reason changed. Of changes in quick succession only the last is told.
  virtual void source_state_changed(const SourceStatus& status) = 0;
};

struct RunnerSettings {
  Nanoseconds backoff_first = std::chrono::milliseconds(250);
  Nanoseconds backoff_max = std::chrono::seconds(5);
  Nanoseconds stall_minimum = std::chrono::seconds(2);
  int stall_frame_times = 10;
  /// A run all of whose streams stay silent this much longer is ended and begun again.
  Nanoseconds restart_stalled_after = std::chrono::seconds(5);
  /// A run that has not called opened() by then is ended and begun again.
  Nanoseconds open_timeout = std::chrono::seconds(15);
  /// How long the source keeps running after the last demand ended.
  Nanoseconds linger = std::chrono::seconds(5);
  Nanoseconds probe_interval = std::chrono::seconds(1);
  int rebuild_after_failures = 5;
  Nanoseconds abandon_after = std::chrono::seconds(5);
  /// With so many run() calls stuck, no further one is made: each holds a thread and a device.
  int max_abandoned = 3;
  /// How long stop() waits for run() at most.
  Nanoseconds stop_patience = std::chrono::seconds(5);
};

/// Owns a Source and the thread inside its run().
///
/// Demand decides whether the source runs: with none, it is closed after the linger and merely
/// probed. A run that ends is begun again, after a back-off with jitter, or as soon as a device
/// that was gone is there again. After `rebuild_after_failures` failures in a row the Source is
/// made anew. A finite source that played to its end (Closed) rests until the demand ends and
/// begins again. A run that does not return within `abandon_after` of being told to is abandoned:
/// its thread is detached, with the Source and the stub of the runner that they use, and a new
/// Source is made; abandoned() tells the owner, who may prefer to exit.
///
/// Two threads: one inside run(), one that decides. All times are on `clock`, which outlives even
/// abandoned runs, except that stop() counts real time.
///
/// Threading: thread-safe. The listener outlives the runner or its stop().
class SourceRunner {
 public:
  using Make = std::function<Result<std::unique_ptr<Source>>()>;

  SourceRunner(std::string name, Make make, RunnerListener& listener, RunnerSettings settings,
               const base::Clock& clock);
  ~SourceRunner();  // stop()

  /// Once. The Source is made on the calling thread, so controls() works right after.
  void start();
  /// Ends the run and joins the threads, or abandons them. No call to the listener afterwards.
  /// Call it without holding a lock that the listener takes.
  void stop();

  /// Whether somebody wants frames. `true` starts at once (a source that just failed: after its
  /// back-off), `false` ends after the linger.
  void set_demand(bool wanted);

  /// Replaces the Source by one that `make` gives; a run in progress ends, and the next begins at
  /// once. Returns when the listener knows what the new one offers, or at once where nobody wants
  /// frames. One that fails or takes longer than `patience` (real time) is taken out again, and the
  /// old Source goes on.
  /// Errors: those of `make`, without any effect; Unsupported with the source's reason; Timeout;
  /// Closed after stop().
  Result<void> reconfigure(Make make, Nanoseconds patience);

  [[nodiscard]] SourceStatus status() const;
  /// Whether a run() that was told to end is still inside the source.
  [[nodiscard]] bool abandoned() const;

  /// Those of the Source; none where there is no Source at present.
  [[nodiscard]] std::vector<PictureSize> sizes();

  /// Those of the Source. Errors: its own; Disconnected where there is no Source at present.
  Result<std::vector<Control>> controls();
  Result<std::vector<Control>> set_controls(const ControlSettings& settings);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace lenswire::source
