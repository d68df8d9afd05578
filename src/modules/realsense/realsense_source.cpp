#include "modules/realsense/realsense_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/stop_token.hpp"

namespace lenswire::realsense {
namespace {

// Gyro samples come at up to 400 Hz; the library drops the oldest when we are late.
constexpr int kQueueLength = 64;
// How long a stop request or an unplugged camera may go unnoticed.
constexpr unsigned kWaitMs = 100;

// Parts that stream into one queue, until it goes.
class Streaming {
 public:
  explicit Streaming(const Library& library) : library_(library) {}
  ~Streaming() {
    // Nothing can be done about what fails here; the sensors go next.
    for (const auto* sensor : started_) (void)library_.call(&Api::stop, sensor);
    for (const auto* sensor : opened_) (void)library_.call(&Api::close, sensor);
  }
  Streaming(const Streaming&) = delete;
  Streaming& operator=(const Streaming&) = delete;

  Result<void> create_queue() {
    auto queue = library_.make(&Api::create_frame_queue, &Api::delete_frame_queue, kQueueLength);
    if (!queue) return fail(queue.error());
    queue_ = std::move(*queue);
    return {};
  }
  Result<void> start(rs2_sensor* sensor, std::vector<const rs2_stream_profile*> profiles) {
    const auto opened = library_.call(&Api::open_multiple, sensor, profiles.data(),
                                      static_cast<int>(profiles.size()));
    if (!opened) return fail(opened.error());
    opened_.push_back(sensor);
    const auto started =
        library_.call(&Api::start_queue, static_cast<const rs2_sensor*>(sensor), queue_.get());
    if (!started) return fail(started.error());
    started_.push_back(sensor);
    return {};
  }
  // Null after the time-out.
  Result<Owned<rs2_frame>> next() {
    rs2_frame* frame = nullptr;
    const auto got = library_.call(&Api::try_wait_for_frame, queue_.get(), kWaitMs, &frame);
    if (!got) return fail(got.error());
    return library_.own(*got != 0 ? frame : nullptr, &Api::release_frame);
  }

 private:
  const Library& library_;
  Owned<rs2_frame_queue> queue_;
  std::vector<const rs2_sensor*> opened_;
  std::vector<const rs2_sensor*> started_;
};

}  // namespace

RealsenseSource::RealsenseSource(Options options, const Library& library, Cameras& cameras,
                                 const base::Clock& clock)
    : options_(std::move(options)), library_(library), cameras_(cameras), clock_(clock) {}

Result<std::shared_ptr<Session>> RealsenseSource::open() {
  auto camera = options_.file.empty() ? cameras_.open(options_.serial)
                                      : Cameras::open_recording(library_, options_.file);
  if (!camera) return fail(camera.error());
  return Session::open(library_, std::move(*camera));
}

Result<std::shared_ptr<Session>> RealsenseSource::open_or_share() {
  {
    base::MutexLock lock(mutex_);
    if (running_) return running_;
  }
  return open();
}

Result<void> RealsenseSource::probe() {
  if (options_.file.empty()) return cameras_.find(options_.serial);
  return Cameras::check_recording(options_.file);
}

std::vector<PictureSize> RealsenseSource::sizes() {
  const auto session = open_or_share();
  if (!session) return {};
  const auto& first = options_.streams.front().stream;
  std::vector<PictureSize> out;
  for (const auto& offer : (*session)->offers())
    if (offer.stream == first.stream && std::find(out.begin(), out.end(), offer.size) == out.end())
      out.push_back(offer.size);
  return out;
}

Result<std::vector<Control>> RealsenseSource::controls() {
  const auto session = open_or_share();
  if (!session) return fail(session.error());
  std::vector<Control> out;
  for (auto& entry : read_options(library_, (*session)->owners()))
    out.push_back(std::move(entry.control));
  return out;
}

Result<std::vector<Control>> RealsenseSource::set_controls(const ControlSettings& settings) {
  const auto session = open_or_share();
  if (!session) return fail(session.error());
  auto set = set_options(library_, (*session)->owners(), settings);
  // One option changes others, a preset most of them.
  if (set) controls_were_set_ = true;
  return set;
}

Result<void> RealsenseSource::apply_preset(const Session& session) {
  if (!options_.preset) return {};
  const auto set =
      set_options(library_, session.owners(), {{"depth_visual_preset", *options_.preset}});
  if (!set) return fail(set.error().code, fmt::format("option preset: {}", set.error().message));
  return {};
}

Result<void> RealsenseSource::run(SourceSink& sink, const base::StopToken& stop) {
  const auto session = open();
  if (!session) return fail(session.error());
  struct Share {
    RealsenseSource& source;
    Share(RealsenseSource& owner, std::shared_ptr<Session> open) : source(owner) {
      base::MutexLock lock(source.mutex_);
      source.running_ = std::move(open);
    }
    ~Share() {
      base::MutexLock lock(source.mutex_);
      source.running_.reset();
    }
  } const share(*this, *session);

  if (const auto set = apply_preset(**session); !set) return fail(set.error());
  const auto chosen = choose(**session);
  if (!chosen) return fail(chosen.error());
  while (true) {
    const auto end = stream(**session, *chosen, sink, stop);
    if (!end) return fail(end.error());
    if (*end == End::Stopped) return {};
    if (!options_.loop)
      return fail(ErrorCode::Closed, fmt::format("{} has played to its end", options_.file));
  }
}

Result<std::vector<RealsenseSource::Chosen>> RealsenseSource::choose(const Session& session) {
  std::vector<Chosen> chosen;
  for (const auto& wish : options_.streams) {
    const auto offer = session.choose(wish);
    if (!offer) return fail(offer.error());
    chosen.push_back({wish.stream, *offer, nullptr});
  }
  readers_.resize(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto profile = profile_for(session, chosen[i], chosen.front().offer);
    if (!profile) return fail(profile.error());
    auto& reader = readers_[i];
    // The same reader and profile after a reconnect: numbers go on, and nothing seems changed.
    if (!reader || *reader->profile() != **profile)
      reader = std::make_unique<StreamReader>(library_, clock_, pool_, *profile);
    chosen[i].reader = reader.get();
  }
  return chosen;
}

Result<StreamProfilePtr> RealsenseSource::profile_for(const Session& session, const Chosen& chosen,
                                                      const Offer& reference) const {
  auto profile = session.describe(chosen.offer, chosen.name, reference);
  if (!profile) return fail(profile.error());
  return std::make_shared<const StreamProfile>(std::move(*profile));
}

Result<void> RealsenseSource::announce(const Session& session, const std::vector<Chosen>& chosen,
                                       SourceSink& sink) {
  const auto& identity = session.camera().identity();
  SourceDescription description;
  description.model = identity.name;
  description.serial = identity.serial;
  description.bus = identity.port;
  for (const auto& one : chosen) {
    auto profile = profile_for(session, one, chosen.front().offer);
    if (!profile) return fail(profile.error());
    if (**profile != *one.reader->profile()) one.reader->set_profile(std::move(*profile));
    description.streams.push_back(one.reader->profile());
  }
  for (auto& entry : read_options(library_, session.owners()))
    description.controls.push_back(std::move(entry.control));
  sink.opened(description);
  return {};
}

Result<RealsenseSource::End> RealsenseSource::stream(const Session& session,
                                                     const std::vector<Chosen>& chosen,
                                                     SourceSink& sink,
                                                     const base::StopToken& stop) {
  for (const auto& one : chosen) one.reader->restart();
  Streaming streaming(library_);
  if (const auto made = streaming.create_queue(); !made) return fail(made.error());
  if (const auto told = announce(session, chosen, sink); !told) return fail(told.error());
  for (std::size_t part = 0; part < session.parts(); ++part) {
    std::vector<const rs2_stream_profile*> profiles;
    for (const auto& one : chosen)
      if (one.offer.part == part) profiles.push_back(one.offer.profile);
    if (profiles.empty()) continue;
    if (const auto started = streaming.start(session.sensor(part), std::move(profiles)); !started)
      return fail(started.error());
  }
  const auto* device = session.camera().device();
  bool is_over = false;
  while (!stop.stop_requested()) {
    if (session.camera().unplugged())
      return fail(ErrorCode::Disconnected,
                  fmt::format("{} {} was unplugged", session.camera().identity().name,
                              session.camera().identity().serial));
    if (controls_were_set_.exchange(false))
      if (const auto told = announce(session, chosen, sink); !told) return fail(told.error());
    auto frame = streaming.next();
    if (!frame) return fail(frame.error());
    if (*frame) {
      deliver(frame->get(), chosen, sink);
      is_over = false;
    } else if (!options_.file.empty()) {
      // Its last frame may come between our looking into the queue and our asking.
      if (is_over) return End::PlayedOut;
      const auto status = library_.call(&Api::playback_device_get_current_status, device);
      is_over = status && static_cast<PlaybackStatus>(*status) == PlaybackStatus::Stopped;
    }
  }
  return End::Stopped;
}

void RealsenseSource::deliver(const rs2_frame* frame, const std::vector<Chosen>& chosen,
                              SourceSink& sink) {
  int stream = 0, format = 0, index = 0, unique_id = 0, rate = 0;
  const auto profile = library_.call(&Api::get_frame_stream_profile, frame);
  if (!profile || !library_.call(&Api::get_stream_profile_data, *profile, &stream, &format, &index,
                                 &unique_id, &rate))
    return;
  for (const auto& one : chosen) {
    if (static_cast<int>(one.offer.stream) != stream || one.offer.index != index) continue;
    auto read = one.reader->read(frame);
    if (read)
      sink.frame(std::move(*read));
    else
      sink.trouble(std::move(read.error()));
    return;
  }
}

}  // namespace lenswire::realsense
