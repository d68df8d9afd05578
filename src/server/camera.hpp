// camera.hpp - one camera: its source, its streams, its controls, its events.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lenswire/server.hpp>
#include <nlohmann/json_fwd.hpp>

#include "base/mutex.hpp"
#include "base/task_thread.hpp"
#include "base/uri.hpp"
#include "hub/stream_hub.hpp"
#include "server/aligned_stream.hpp"
#include "server/calibration_store.hpp"
#include "server/rate_limit.hpp"
#include "server/skeleton_stream.hpp"
#include "source/source_runner.hpp"
#include "source/source_table.hpp"

namespace lenswire::server {

/// Control calls per camera and second.
inline constexpr double kControlCallsPerSecond = 20;
/// How long a source may take to open with other options before it gets its old ones back.
inline constexpr auto kReconfigurePatience = std::chrono::seconds(4);
/// How long a control call may take before its caller gets an error.
inline constexpr auto kControlDeadline = std::chrono::seconds(2);

/// Joins a SourceRunner to one StreamHub per stream.
///
/// Threading: thread-safe.
class Camera final : public source::RunnerListener {
 public:
  /// Told of every event as a map of docs/protocol.md, section 2; from any thread, must not block.
  using EventListener = std::function<void(const nlohmann::json& event)>;

  /// With `pose` the camera has a stream "skeleton" as soon as it has a colour stream, unless its
  /// source has one by itself.
  Camera(CameraSettings settings, const source::SourceTable& sources,
         const source::SourceContext& context, source::RunnerSettings runner_settings,
         hub::EncoderPool& encoders, EventListener on_event, std::string calibration_dir = {},
         PoseFactory pose = {});
  ~Camera() override;

  void start();
  void stop();

  [[nodiscard]] const std::string& name() const noexcept { return settings_.name; }
  [[nodiscard]] source::SourceStatus status() const { return runner_.status(); }
  /// Where its streams are encoded; for streams that are made of them.
  [[nodiscard]] hub::EncoderPool& encoders() noexcept { return encoders_; }

  /// The stream's hub, valid as long as the camera.
  /// Errors: NotFound, naming the streams there are; while the camera has not been open yet, its
  /// streams are unknown and the error is Busy or Disconnected with the reason.
  Result<hub::StreamHub*> stream(std::string_view id);
  /// Those the source captures. stream() also has those that are made of them, `depth_aligned` and
  /// `color_aligned`, where depth and colour are calibrated.
  [[nodiscard]] std::vector<std::string> stream_ids() const;

  /// The streams that are made of those, also while they are not offered.
  struct DerivedStream {
    std::string stream;
    bool offered = false;
    hub::StreamCounters counters;
    DerivedCounters work;
  };
  [[nodiscard]] std::vector<DerivedStream> derived_streams() const;

  /// While it lives, the camera runs, also where nobody takes its frames.
  class Hold {
   public:
    Hold() = default;
    explicit Hold(Camera& camera) : camera_(&camera) { camera.change_holds(1); }
    Hold(Hold&& other) noexcept : camera_(std::exchange(other.camera_, nullptr)) {}
    Hold& operator=(Hold&& other) noexcept {
      if (this != &other) {
        reset();
        camera_ = std::exchange(other.camera_, nullptr);
      }
      return *this;
    }
    ~Hold() { reset(); }
    void reset() noexcept {
      if (auto* camera = std::exchange(camera_, nullptr)) camera->change_holds(-1);
    }
    [[nodiscard]] explicit operator bool() const noexcept { return camera_ != nullptr; }

   private:
    Camera* camera_ = nullptr;
  };

  /// Wants the camera to run until its streams are known or it turns out not to work.
  void wake_up();

  /// Calls `done` from the camera's control thread, or at once when the call is refused (Busy).
  using ControlsDone = std::function<void(Result<std::vector<Control>>)>;
  void read_controls(ControlsDone done);
  void apply_controls(ControlSettings settings, ControlsDone done);

  /// Opens the source anew with these options in its URI, also where nobody watches; everybody who
  /// watches goes on with the new profile. Calls `done` from the camera's control thread, or at
  /// once when the call is refused. A source that does not take the options, or does not open with
  /// them, keeps its old ones; controls keep their values. Errors: InvalidArgument and Unsupported
  /// (the options), Timeout, Busy (too many calls).
  using ReconfigureDone = std::function<void(Result<void>)>;
  void reconfigure(base::OptionChanges changes, ReconfigureDone done);

  /// Calls `done` from the camera's control thread with the sizes that reconfigure() may ask for;
  /// none where any will do.
  using SizesDone = std::function<void(Result<std::vector<PictureSize>>)>;
  void read_sizes(SizesDone done);

  /// What reconfigure() may be asked for.
  struct ProfileChoices {
    bool size = false;  ///< whether the source takes another size at all
    bool fps = false;
    std::vector<PictureSize> sizes;  ///< none: any within reason, or the device does not tell
  };
  /// Calls `done` from the camera's control thread, or at once when the call is refused (Busy).
  using ChoicesDone = std::function<void(Result<ProfileChoices>)>;
  void read_choices(ChoicesDone done);

  /// Gives a captured stream another calibration, or with none the device's own again, and keeps it
  /// on the disk; everybody who watches goes on with the new profile. Calls `done` from the
  /// camera's control thread, or at once when the call is refused, with the stream's profile.
  /// Errors: NotFound (the stream), InvalidArgument (the calibration), Unsupported (no folder to
  /// keep it in), PermissionDenied, Busy.
  using CalibrationDone = std::function<void(Result<StreamProfilePtr>)>;
  void set_calibration(const std::string& stream, std::optional<StreamCalibration> calibration,
                       CalibrationChange change, CalibrationDone done);

  /// The source's URI, as reconfigure() left it.
  [[nodiscard]] std::string uri() const;

  /// The camera map of docs/protocol.md, section 5.
  [[nodiscard]] nlohmann::json describe() const;

  void source_opened(const SourceDescription& description) override;
  void source_frame(FramePtr frame) override;
  void source_controls_changed(const std::vector<Control>& controls) override;
  void source_state_changed(const source::SourceStatus& status) override;

 private:
  void demand_changed();
  void offer_skeletons() LENSWIRE_REQUIRES(mutex_);
  void change_holds(int by);
  template <typename T>
  void submit(std::function<void(Result<T>)> done, std::function<Result<T>()> call);
  [[nodiscard]] hub::StreamHub* find(std::string_view id) const;
  [[nodiscard]] StreamProfilePtr calibrated(const StreamProfilePtr& profile) const;
  Result<void> check_calibration_for(const std::string& stream,
                                     const std::optional<StreamCalibration>& calibration,
                                     CalibrationChange change) const;
  // Streams that are no longer offered, to be ended without the lock.
  using GoneStreams = std::vector<std::pair<std::string, hub::StreamHub*>>;
  GoneStreams apply_profiles() LENSWIRE_REQUIRES(mutex_);
  void align_streams(GoneStreams& gone) LENSWIRE_REQUIRES(mutex_);

  // Shared with calls that may outlive the camera.
  struct Address {
    base::Mutex mutex;
    std::string uri LENSWIRE_GUARDED_BY(mutex);
  };

  const CameraSettings settings_;
  const source::SourceTable& sources_;
  const source::SourceContext context_;
  const base::Clock& clock_;
  hub::EncoderPool& encoders_;
  const EventListener on_event_;
  const PoseFactory pose_;
  const SkeletonStream::Settings skeleton_settings_;

  mutable base::Mutex mutex_;
  SourceDescription description_ LENSWIRE_GUARDED_BY(mutex_);
  // Streams are added, never removed, so pointers to them stay good; those that the source does not
  // offer at present are not shown.
  std::map<std::string, std::shared_ptr<hub::StreamHub>, std::less<>> streams_
      LENSWIRE_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> offered_ LENSWIRE_GUARDED_BY(mutex_);
  std::shared_ptr<SkeletonStream> skeletons_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<std::string> control_order_ LENSWIRE_GUARDED_BY(mutex_);
  // The source's profiles, and what they are with the calibrations that users gave.
  std::vector<std::pair<StreamProfilePtr, StreamProfilePtr>> profiles_ LENSWIRE_GUARDED_BY(mutex_);
  // Made once, like streams_. After them: they leave their inputs when they go.
  std::vector<std::shared_ptr<AlignedStream>> aligned_ LENSWIRE_GUARDED_BY(mutex_);

  base::Mutex demand_mutex_;
  std::atomic<bool> waking_{false};
  std::atomic<int> holds_{0};
  const std::shared_ptr<CalibrationStore> calibrations_;
  const std::shared_ptr<Address> address_ = std::make_shared<Address>();
  RateLimit control_limit_;
  // Outlives the camera where a control call is abandoned.
  struct Answers {
    base::Mutex mutex;
    bool wanted LENSWIRE_GUARDED_BY(mutex) = true;
  };
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::shared_ptr<source::SourceRunner> runner_ptr_;
  source::SourceRunner& runner_;
  base::TaskThread control_thread_;
};

}  // namespace lenswire::server
