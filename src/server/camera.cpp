#include "server/camera.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "wire/maps.hpp"

namespace lenswire::server {
namespace {

using nlohmann::json;

constexpr std::string_view kSkeletonStream = "skeleton";
constexpr std::string_view kNoSkeletons =
    " (skeletons need a colour stream and the module pose; see `lenswire doctor`)";
constexpr std::size_t kMaxWaitingControlCalls = 32;
constexpr auto kControlStopPatience = std::chrono::milliseconds(500);

source::SourceRunner::Make maker(const source::SourceTable& sources, std::string uri,
                                 const source::SourceContext& context) {
  return [&sources, uri = std::move(uri), context] { return sources.make(uri, context); };
}

// What a source of ours keeps by itself a new one has to be told; a device has kept it.
void carry_over(const std::vector<Control>& before, source::SourceRunner& runner) {
  const auto now = runner.controls();
  if (!now) return;
  for (const auto& old : before) {
    if (old.read_only || old.inactive || old.type == ControlType::Button) continue;
    const auto same = std::find_if(now->begin(), now->end(),
                                   [&](const auto& control) { return control.name == old.name; });
    if (same == now->end() || same->value == old.value) continue;
    if (auto set = runner.set_controls({{old.name, old.value}}); !set)
      base::log_warning("control_lost", {{"control", old.name}, {"reason", set.error().message}});
  }
}

// The frame as one of this profile. Nobody else has it yet, as a rule: then it is not published,
// and may still be changed.
FramePtr with_profile(FramePtr frame, const StreamProfilePtr& profile) {
  if (frame.use_count() != 1) {
    auto copy = std::make_shared<Frame>(*frame);
    copy->profile = profile;
    return copy;
  }
  std::const_pointer_cast<Frame>(frame)->profile = profile;
  return frame;
}

json work_map(const DerivedCounters& work) {
  return {{"made", work.made},
          {"busy", work.busy},
          {"unpaired", work.unpaired},
          {"failures", work.failures},
          {"working_s", std::chrono::duration<double>(work.working).count()},
          {"last_trouble", work.last_trouble}};
}

// `a, b and c`, or a word for none.
std::string join(const std::vector<std::string>& names) {
  return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Camera::Camera(CameraSettings settings, const source::SourceTable& sources,
               const source::SourceContext& context, source::RunnerSettings runner_settings,
               hub::EncoderPool& encoders, EventListener on_event, std::string calibration_dir,
               PoseFactory pose)
    : settings_(std::move(settings)),
      sources_(sources),
      context_(context),
      clock_(context.clock),
      encoders_(encoders),
      on_event_(std::move(on_event)),
      pose_(std::move(pose)),
      skeleton_settings_{runner_settings.linger},
      calibrations_(std::make_shared<CalibrationStore>(std::move(calibration_dir), settings_.name)),
      control_limit_(kControlCallsPerSecond),
      runner_ptr_(std::make_shared<source::SourceRunner>(
          settings_.name, maker(sources, settings_.uri, context), *this, runner_settings, clock_)),
      runner_(*runner_ptr_),
      control_thread_("lw-ctl-" + settings_.name, kMaxWaitingControlCalls) {
  {
    base::MutexLock lock(address_->mutex);
    address_->uri = settings_.uri;
  }
  // A camera with its own calibration is better than none.
  if (auto loaded = calibrations_->load(); !loaded)
    base::log_warning("calibration_unreadable",
                      {{"camera", settings_.name}, {"reason", loaded.error().message}});
}

Camera::~Camera() { stop(); }

void Camera::start() {
  runner_.start();
  // Run once at the start: so the streams become known, and a broken camera shows before its first
  // client comes.
  wake_up();
}

void Camera::stop() {
  std::shared_ptr<SkeletonStream> skeletons;
  {
    base::MutexLock lock(mutex_);
    skeletons = skeletons_;
  }
  if (skeletons) skeletons->stop();
  runner_.stop();
  control_thread_.stop(kControlStopPatience);
  {
    base::MutexLock lock(answers_->mutex);
    answers_->wanted = false;
  }
  std::vector<std::shared_ptr<AlignedStream>> aligned;
  {
    base::MutexLock lock(mutex_);
    aligned = aligned_;
  }
  for (const auto& stream : aligned) stream->stop();
}

void Camera::wake_up() {
  waking_ = true;
  demand_changed();
}

void Camera::demand_changed() {
  // One at a time, so that the last word is the newest.
  base::MutexLock order(demand_mutex_);
  bool wanted = settings_.always_on || waking_ || holds_ > 0;
  {
    base::MutexLock lock(mutex_);
    // Skeletons are made of the other streams, and want those by themselves.
    for (const auto& [id, stream] : streams_)
      wanted = wanted || (stream->wanted() && !(skeletons_ && id == kSkeletonStream));
  }
  runner_.set_demand(wanted);
}

void Camera::change_holds(int by) {
  const int before = holds_.fetch_add(by);
  if (before == 0 || before + by == 0) demand_changed();
}

hub::StreamHub* Camera::find(std::string_view id) const {
  base::MutexLock lock(mutex_);
  if (offered_.contains(id)) return streams_.find(id)->second.get();
  for (const auto& aligned : aligned_)
    if (aligned->available() && aligned->stream().profile()->stream == id)
      return &aligned->stream();
  return nullptr;
}

std::vector<std::string> Camera::stream_ids() const {
  base::MutexLock lock(mutex_);
  return {offered_.begin(), offered_.end()};
}

Result<hub::StreamHub*> Camera::stream(std::string_view id) {
  if (auto* found = find(id)) return found;
  auto ids = stream_ids();
  {
    base::MutexLock lock(mutex_);
    for (const auto& aligned : aligned_)
      if (aligned->available()) ids.push_back(aligned->stream().profile()->stream);
  }
  if (!ids.empty())
    return fail(ErrorCode::NotFound,
                fmt::format("camera '{}' has no stream '{}'; it has: {}{}", name(), id, join(ids),
                            id == kSkeletonStream ? kNoSkeletons : ""));
  wake_up();
  const auto now = status();
  return fail(now.state == source::SourceState::Opening || now.state == source::SourceState::Idle
                  ? ErrorCode::Busy
                  : ErrorCode::Disconnected,
              now.reason.empty()
                  ? fmt::format("camera '{}' is being opened; try again in a moment", name())
                  : fmt::format("camera '{}' is {}: {}", name(), to_string(now.state), now.reason));
}

template <typename T>
void Camera::submit(std::function<void(Result<T>)> done, std::function<Result<T>()> call) {
  if (!control_limit_.admit(clock_.now())) {
    done(fail(ErrorCode::Busy, fmt::format("camera '{}' takes {} control calls a second; slow down",
                                           name(), kControlCallsPerSecond)));
    return;
  }
  // A refused task is not run, so `done` must be reachable from both sides. One whose driver hangs
  // may come back after the server has gone, and must then find nobody.
  auto shared = std::make_shared<std::function<void(Result<T>)>>(std::move(done));
  if (!control_thread_.submit([shared, answers = answers_, call = std::move(call)] {
        auto result = call();
        base::MutexLock lock(answers->mutex);
        if (answers->wanted) (*shared)(std::move(result));
      }))
    (*shared)(fail(ErrorCode::Busy,
                   fmt::format("camera '{}' does not answer control calls now; its driver may "
                               "hang",
                               name())));
}

void Camera::read_controls(ControlsDone done) {
  submit<std::vector<Control>>(std::move(done),
                               [runner = runner_ptr_] { return runner->controls(); });
}

void Camera::apply_controls(ControlSettings settings, ControlsDone done) {
  std::vector<std::string> order;
  {
    base::MutexLock lock(mutex_);
    order = control_order_;
  }
  const auto rank = [&order](const std::string& control) {
    return std::find(order.begin(), order.end(), control) - order.begin();
  };
  std::stable_sort(settings.begin(), settings.end(),
                   [&](const auto& a, const auto& b) { return rank(a.first) < rank(b.first); });
  // A source that runs tells of its changes itself. One that rests can't, and what was set may have
  // changed the state of other controls as well.
  auto changed = std::make_shared<std::vector<Control>>();
  auto tell = [this, changed, done = std::move(done)](Result<std::vector<Control>> result) {
    if (!changed->empty()) source_controls_changed(*changed);
    done(std::move(result));
  };
  submit<std::vector<Control>>(std::move(tell), [runner = runner_ptr_, changed,
                                                 settings = std::move(settings)] {
    auto result = runner->set_controls(settings);
    const auto state = runner->status().state;
    if (result && state != source::SourceState::Streaming && state != source::SourceState::Stalled)
      if (auto all = runner->controls()) *changed = std::move(*all);
    return result;
  });
}

void Camera::read_sizes(SizesDone done) {
  submit<std::vector<PictureSize>>(std::move(done), [runner = runner_ptr_] {
    return Result<std::vector<PictureSize>>(runner->sizes());
  });
}

void Camera::read_choices(ChoicesDone done) {
  PictureSize now{640, 480};
  {
    base::MutexLock lock(mutex_);
    for (const auto& [given, profile] : profiles_)
      if (profile->width > 1 && profile->height > 1) now = {profile->width, profile->height};
  }
  submit<ProfileChoices>(std::move(done), [runner = runner_ptr_, uri = uri(), &sources = sources_,
                                           context = context_, now] {
    // A source without the option says so when it is made, which touches no device.
    const auto takes = [&](const char* option, std::string value) {
      return sources.make(base::with_options(uri, {{option, std::move(value)}}), context)
          .has_value();
    };
    ProfileChoices choices;
    choices.size = takes("size", fmt::format("{}x{}", now.width, now.height));
    choices.fps = takes("fps", "30");
    if (choices.size) choices.sizes = runner->sizes();
    return Result<ProfileChoices>(std::move(choices));
  });
}

void Camera::reconfigure(base::OptionChanges changes, ReconfigureDone done) {
  // Whether the device takes the options shows only when it is opened.
  change_holds(1);
  auto release = [this, done = std::move(done)](Result<void> result) {
    change_holds(-1);
    done(std::move(result));
  };
  submit<void>(std::move(release), [runner = runner_ptr_, address = address_, &sources = sources_,
                                    context = context_, changes = std::move(changes)] {
    std::string before;
    std::string after;
    {
      base::MutexLock lock(address->mutex);
      before = address->uri;
      after = base::with_options(before, changes);
      address->uri = after;  // the event of the opened source shows it
    }
    const auto controls = runner->controls();
    auto done_so = runner->reconfigure(maker(sources, after, context), kReconfigurePatience);
    if (!done_so) {
      base::MutexLock lock(address->mutex);
      address->uri = before;
    } else if (controls) {
      carry_over(*controls, *runner);
    }
    return done_so;
  });
}

std::string Camera::uri() const {
  base::MutexLock lock(address_->mutex);
  return address_->uri;
}

std::vector<Camera::DerivedStream> Camera::derived_streams() const {
  std::vector<DerivedStream> out;
  base::MutexLock lock(mutex_);
  for (const auto& aligned : aligned_)
    out.push_back({aligned->stream().profile()->stream, aligned->available(),
                   aligned->stream().counters(), aligned->counters()});
  if (skeletons_)
    out.push_back({std::string(kSkeletonStream), offered_.contains(kSkeletonStream),
                   skeletons_->stream().counters(), skeletons_->counters()});
  return out;
}

json Camera::describe() const {
  const auto status = runner_.status();
  json map = {{"name", settings_.name},
              {"uri", uri()},
              {"state", to_string(status.state)},
              {"reason", status.reason},
              {"since_s", std::chrono::duration<double>(clock_.now() - status.since).count()},
              {"counters",
               {{"frames", status.frames},
                {"source_gaps", status.source_gaps},
                {"opens", status.opens},
                {"failures", status.failures},
                {"troubles", status.troubles},
                {"last_trouble", status.last_trouble}}}};
  const bool streaming = status.state == source::SourceState::Streaming;
  base::MutexLock lock(mutex_);
  map["model"] = description_.model;
  map["serial"] = description_.serial;
  map["bus"] = description_.bus;
  auto& list = map["streams"] = json::array();
  for (const auto& [id, stream] : streams_) {
    if (!offered_.contains(id)) continue;
    const auto counters = stream->counters();
    auto entry = wire::to_map(*stream->profile(), 0);
    entry["measured_hz"] = streaming ? counters.measured_hz : 0.0;
    entry["sequence"] = counters.sequence;
    entry["frames"] = counters.frames;
    entry["clients"] = counters.sinks;
    entry["encodes"] = counters.encodes;
    entry["encode_failures"] = counters.failures;
    if (skeletons_ && id == kSkeletonStream) {
      entry["derived"] = true;
      entry["work"] = work_map(skeletons_->counters());
    }
    list.push_back(std::move(entry));
  }
  for (const auto& aligned : aligned_) {
    if (!aligned->available()) continue;
    const auto counters = aligned->stream().counters();
    auto entry = wire::to_map(*aligned->stream().profile(), 0);
    const auto framesets = aligned->framesets();
    entry["derived"] = true;
    entry["work"] = work_map(aligned->counters());
    entry["measured_hz"] = streaming && counters.sinks > 0 ? counters.measured_hz : 0.0;
    entry["sequence"] = counters.sequence;
    entry["frames"] = counters.frames;
    entry["clients"] = counters.sinks;
    entry["encodes"] = counters.encodes;
    entry["encode_failures"] = counters.failures;
    entry["framesets"] = {{"complete", framesets.complete},
                          {"incomplete", framesets.incomplete},
                          {"worst_skew_ns", framesets.worst_skew.count()}};
    list.push_back(std::move(entry));
  }
  return map;
}

void Camera::source_opened(const SourceDescription& description) {
  GoneStreams gone;
  {
    base::MutexLock lock(mutex_);
    description_ = description;
    control_order_.clear();
    for (const auto& control : description.controls) control_order_.push_back(control.name);
    gone = apply_profiles();
  }
  for (const auto& [id, stream] : gone)
    stream->end(
        {ErrorCode::NotFound, fmt::format("camera '{}' has no stream '{}' any more; it has: {}",
                                          name(), id, join(stream_ids()))});
  waking_ = false;
  demand_changed();
  on_event_({{"event", "camera_opened"}, {"camera", describe()}});
}

void Camera::offer_skeletons() {
  StreamProfilePtr color;
  StreamProfilePtr depth;
  for (const auto& [given, profile] : profiles_) {
    if (profile->stream == kSkeletonStream) return;
    if (!color && profile->kind == StreamKind::Color) color = profile;
    if (!depth && profile->kind == StreamKind::Depth) depth = profile;
  }
  if (!color) return;
  if (!skeletons_) {
    skeletons_ = std::make_shared<SkeletonStream>(*this, clock_, pose_, skeleton_settings_);
    streams_[std::string(kSkeletonStream)] =
        std::shared_ptr<hub::StreamHub>(skeletons_, &skeletons_->stream());
  }
  offered_.insert(std::string(kSkeletonStream));
  skeletons_->set_source(color, depth);
}

void Camera::source_frame(FramePtr frame) {
  hub::StreamHub* stream = nullptr;
  StreamProfilePtr profile;
  {
    base::MutexLock lock(mutex_);
    const auto found = streams_.find(frame->profile->stream);
    if (found == streams_.end()) return;
    stream = found->second.get();
    for (const auto& [given, ours] : profiles_)
      if (given == frame->profile) profile = ours;
  }
  if (profile && profile != frame->profile) frame = with_profile(std::move(frame), profile);
  stream->publish(std::move(frame));
}

StreamProfilePtr Camera::calibrated(const StreamProfilePtr& profile) const {
  const auto given = calibrations_->find(profile->stream);
  if (!given) return profile;
  auto out = with_calibration(*profile, *given);
  if (out) return std::make_shared<StreamProfile>(std::move(*out));
  // The camera has another shape than when it was calibrated.
  base::log_warning("calibration_does_not_fit",
                    {{"camera", settings_.name}, {"reason", out.error().message}});
  return profile;
}

Camera::GoneStreams Camera::apply_profiles() {
  profiles_.clear();
  const auto before = std::exchange(offered_, {});
  for (const auto& given : description_.streams) {
    const auto profile = calibrated(given);
    profiles_.emplace_back(given, profile);
    offered_.insert(profile->stream);
    auto& stream = streams_[profile->stream];
    if (stream)
      stream->set_profile(profile);
    else
      stream = std::make_shared<hub::StreamHub>(profile, encoders_, [this] { demand_changed(); });
  }
  if (pose_) offer_skeletons();
  GoneStreams gone;
  for (const auto& id : before)
    if (!offered_.contains(id)) gone.emplace_back(id, streams_.at(id).get());
  align_streams(gone);
  return gone;
}

void Camera::align_streams(GoneStreams& gone) {
  if (!offered_.contains("depth") || !offered_.contains("color")) {
    for (const auto& aligned : aligned_)
      if (aligned->withdraw())
        gone.emplace_back(aligned->stream().profile()->stream, &aligned->stream());
    return;
  }
  const auto depth = streams_.find("depth");
  const auto color = streams_.find("color");
  const auto depth_profile = depth->second->profile(), color_profile = color->second->profile();
  if (depth_profile->kind != StreamKind::Depth || color_profile->kind != StreamKind::Color) return;
  if (aligned_.empty()) {
    if (!filter::AlignedPair::of(*depth_profile, *color_profile)) return;
    for (const auto kind : {AlignedStream::Kind::ColorToDepth, AlignedStream::Kind::DepthToColor})
      aligned_.push_back(
          std::make_shared<AlignedStream>(kind, *depth->second, *color->second, encoders_, clock_));
  }
  for (const auto& aligned : aligned_)
    if (auto set = aligned->set_inputs(depth_profile, color_profile); !set)
      base::log_info("aligned_stream_gone",
                     {{"camera", settings_.name}, {"reason", set.error().message}});
}

Result<void> Camera::check_calibration_for(const std::string& stream,
                                           const std::optional<StreamCalibration>& calibration,
                                           CalibrationChange change) const {
  if (calibration)
    if (auto ok = check_calibration(*calibration); !ok) return ok;
  base::MutexLock lock(mutex_);
  for (const auto& given : description_.streams)
    if (given->stream == stream) {
      const auto next = calibrations_->changed(stream, calibration, change);
      if (!next) return {};
      const auto fits = with_calibration(*given, *next);
      if (!fits) return fail(fits.error());
      return {};
    }
  std::vector<std::string> names;
  for (const auto& given : description_.streams) names.push_back(given->stream);
  return fail(ErrorCode::NotFound,
              fmt::format("camera '{}' captures no stream '{}'; it captures: {}", settings_.name,
                          stream, join(names)));
}

void Camera::set_calibration(const std::string& stream,
                             std::optional<StreamCalibration> calibration, CalibrationChange change,
                             CalibrationDone done) {
  if (auto possible = check_calibration_for(stream, calibration, change); !possible)
    return done(fail(std::move(possible).error()));
  // Only the store is touched by the call itself, which may outlive the camera.
  submit<void>(
      [this, stream, done = std::move(done)](const Result<void>& saved) {
        if (!saved) return done(fail(saved.error()));
        StreamProfilePtr now;
        {
          base::MutexLock lock(mutex_);
          [[maybe_unused]] const auto none_gone = apply_profiles();
          if (const auto found = streams_.find(stream); found != streams_.end())
            now = found->second->profile();
        }
        on_event_({{"event", "camera_opened"}, {"camera", describe()}});
        done(now);
      },
      [store = calibrations_, stream, calibration = std::move(calibration), change] {
        return store->save(stream, calibration, change);
      });
}

void Camera::source_controls_changed(const std::vector<Control>& controls) {
  on_event_(
      {{"event", "controls"}, {"camera", settings_.name}, {"controls", wire::to_map(controls)}});
}

void Camera::source_state_changed(const source::SourceStatus& status) {
  if (status.state != source::SourceState::Streaming &&
      status.state != source::SourceState::Stalled) {
    base::MutexLock lock(mutex_);
    for (const auto& [id, stream] : streams_) stream->forget_newest();
    for (const auto& aligned : aligned_) aligned->forget_newest();
  }
  base::log_info(
      "camera_state",
      {{"camera", settings_.name}, {"state", to_string(status.state)}, {"reason", status.reason}});
  on_event_({{"event", "camera_state"},
             {"camera", settings_.name},
             {"state", to_string(status.state)},
             {"reason", status.reason}});
}

}  // namespace lenswire::server
