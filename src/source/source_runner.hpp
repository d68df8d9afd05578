// source_runner.hpp - runs one source on its own thread, retries, and says how it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/stop_token.hpp"

namespace lenswire::source {

enum class SourceState : std::uint8_t {
  Idle,       // nobody watches; the device is closed
  Absent,     // the device is not there
  Opening,    // being opened, or opened and no frame yet
  Streaming,  // frames flow
  Stalled,    // open, but no frame for max(2 s, 10 frame times)
  Failed,     // there, but does not work; retried
  Stopping,
};

[[nodiscard]] std::string_view to_string(SourceState state) noexcept;

/// Why, since when and how often: what status pages show of a camera.
struct SourceStatus {
  SourceState state = SourceState::Idle;
  std::string reason;  ///< what is wrong and what to do; empty while all is well
  MonotonicTime since{};
  std::uint64_t frames = 0;
  std::uint64_t source_gaps = 0;  ///< frames that the device lost, by its sequence numbers
  std::uint64_t opens = 0;
  std::uint64_t failures = 0;
  std::uint64_t troubles = 0;  ///< damaged pictures and the like
  std::string last_trouble;
};

/// What the runner's owner wants to hear. Calls come from the runner's threads and must not block.
class RunnerListener {
 public:
  virtual ~RunnerListener() = default;
  virtual void source_opened(const SourceDescription& description) = 0;
  virtual void source_frame(FramePtr frame) = 0;
  virtual void source_controls_changed(const std::vector<Control>& controls) = 0;
  virtual void source_state_changed(const SourceStatus& status) = 0;
};

struct RunnerSettings {
  Nanoseconds backoff_first = std::chrono::milliseconds(250);
  Nanoseconds backoff_max = std::chrono::seconds(5);
  Nanoseconds stall_minimum = std::chrono::seconds(2);
  int stall_frame_times = 10;
  /// How long the source keeps running after the last demand ended.
  Nanoseconds linger = std::chrono::seconds(5);
  int rebuild_after_failures = 5;
  Nanoseconds abandon_after = std::chrono::seconds(5);
};

/// Owns a Source and the thread inside its run().
///
/// Demand decides whether the source runs: with none, it is closed after the linger and merely
/// probed. A run that ends is begun again, after a back-off with jitter. After
/// `rebuild_after_failures` failures in a row the Source is made anew. A run that does not return
/// within `abandon_after` of a stop is abandoned: its thread is detached with the Source and the
/// stub of the runner that they use, and abandoned() tells the owner.
///
/// Threading: thread-safe. Whoever constructs it outlives it, as does the listener.
class SourceRunner {
 public:
  using Make = std::function<Result<std::unique_ptr<Source>>()>;

  SourceRunner(std::string name, Make make, RunnerListener& listener, RunnerSettings settings,
               const base::Clock& clock);
  ~SourceRunner();  // stop()

  void start();
  /// Ends the run and joins the thread, or abandons it. No call to the listener afterwards.
  void stop();

  /// Whether somebody wants frames. `true` starts at once, `false` after the linger.
  void set_demand(bool wanted);

  [[nodiscard]] SourceStatus status() const;
  [[nodiscard]] bool abandoned() const;

  Result<std::vector<Control>> controls();
  Result<std::vector<Control>> set_controls(const ControlSettings& settings);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace lenswire::source
