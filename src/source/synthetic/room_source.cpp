#include "source/synthetic/room_source.hpp"

#include <utility>

#include "base/stop_token.hpp"
#include "source/frame_pacer.hpp"

namespace lenswire::source::synthetic {
namespace {

Control real(std::string name, std::string label, double value, double maximum) {
  Control control;
  control.name = std::move(name);
  control.label = std::move(label);
  control.type = ControlType::Real;
  control.value = value;
  control.default_value = value;
  control.maximum = maximum;
  return control;
}

Control boolean(std::string name, std::string label, bool value) {
  Control control;
  control.name = std::move(name);
  control.label = std::move(label);
  control.type = ControlType::Boolean;
  control.value = value;
  control.default_value = value;
  control.maximum = 1;
  control.step = 1;
  return control;
}

std::vector<Control> room_controls(const RoomLook& look) {
  Control pattern;
  pattern.name = "pattern";
  pattern.label = "Surface pattern";
  pattern.type = ControlType::Menu;
  pattern.value = pattern.default_value = static_cast<std::int64_t>(look.pattern);
  for (std::size_t i = 0; i < kRoomPatternNames.size(); ++i)
    pattern.menu.push_back({static_cast<std::int64_t>(i), std::string(kRoomPatternNames[i])});
  pattern.maximum = static_cast<double>(kRoomPatternNames.size() - 1);
  pattern.step = 1;

  Control frames;
  frames.name = "frames_made";
  frames.label = "Frames made so far";
  frames.type = ControlType::Integer;
  frames.value = frames.default_value = std::int64_t{0};
  frames.maximum = 9007199254740992.0;  // the largest whole number that JSON carries safely
  frames.step = 1;
  frames.read_only = true;
  frames.volatile_value = true;

  return {boolean("moving", "Things move", true),
          real("speed", "Speed of what moves", 1, 4),
          real("noise", "Sensor noise", look.noise, 4),
          boolean("holes", "Missing depth", look.holes),
          std::move(pattern),
          std::move(frames)};
}

StreamProfilePtr profile_of(const RoomOptions& options, StreamKind kind, const RoomScene& scene) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = std::string(to_string(kind));
  profile->kind = kind;
  profile->width = options.width;
  profile->height = options.height;
  profile->rate_hz = options.rate_hz;
  if (kind == StreamKind::Depth) {
    profile->format = PixelFormat::Z16;
    profile->depth_unit_m = 0.001;
    profile->intrinsics = scene.depth_camera();
    profile->reference_from_stream = Extrinsics{};
  } else {
    profile->format = options.color_format;
    profile->intrinsics = scene.color_camera();
    profile->reference_from_stream = scene.depth_from_color();
  }
  return profile;
}

}  // namespace

RoomSource::RoomSource(const RoomOptions& options, const base::Clock& clock)
    : options_(options), clock_(clock), bank_(room_controls(options.look)) {
  const RoomScene scene(options.width, options.height, options.seed, options.figures);
  depth_profile_ = profile_of(options, StreamKind::Depth, scene);
  color_profile_ = profile_of(options, StreamKind::Color, scene);
  auto truth =
      std::make_shared<StreamProfile>(options.has_color ? *color_profile_ : *depth_profile_);
  truth->stream = "skeleton_truth";
  truth->kind = StreamKind::Skeleton;
  truth->format = PixelFormat::Skeleton;
  truth->depth_unit_m = 0;
  truth_profile_ = std::move(truth);
}

Result<void> RoomSource::run(SourceSink& sink, const base::StopToken& stop) {
  if (!renderer_)
    renderer_ = std::make_unique<RoomRenderer>(options_.width, options_.height, options_.seed,
                                               options_.figures);
  SourceDescription description;
  description.model = "synthetic room";
  description.serial = std::to_string(options_.seed);
  if (options_.has_depth) description.streams.push_back(depth_profile_);
  if (options_.has_color) description.streams.push_back(color_profile_);
  if (options_.figures > 0) description.streams.push_back(truth_profile_);
  {
    base::MutexLock lock(mutex_);
    description.controls = bank_.all();
    changed_.clear();
  }
  sink.opened(description);

  FramePacer pacer(clock_, options_.rate_hz, next_number_);
  const auto step_us = static_cast<double>(room_time_us(1, options_.rate_hz));
  while (const auto tick = pacer.next(stop)) {
    const auto now = present(tick->number);
    // Frames that were left out still took their time.
    const auto frames = tick->number - next_number_ + (tick->number > 0 ? 1 : 0);
    scene_us_ += frames * static_cast<std::uint64_t>(step_us * now.speed + 0.5);
    next_number_ = tick->number + 1;
    const RoomMoment moment{tick->number, scene_us_, now.look};
    if (options_.has_depth) {
      auto frame = depth_pool_.acquire(depth_profile_);
      renderer_->render_depth(
          moment, {reinterpret_cast<std::uint16_t*>(frame->data.data()), frame->data.size() / 2});
      publish(sink, std::move(frame), tick->number, tick->due);
    }
    if (options_.has_color) {
      auto frame = color_pool_.acquire(color_profile_);
      if (auto painted = paint(moment, *frame); !painted) return painted;
      publish(sink, std::move(frame), tick->number, tick->due);
    }
    if (options_.figures > 0) publish_truth(sink, moment, tick->due);
    tell_changes(sink);
  }
  return {};
}

void RoomSource::publish_truth(SourceSink& sink, const RoomMoment& moment,
                               MonotonicTime capture_time) {
  room_truth(renderer_->scene(), moment.scene_us, options_.has_color, truth_);
  auto frame = truth_pool_.acquire(truth_profile_);
  encode_skeleton(truth_, frame->data);
  publish(sink, std::move(frame), moment.number, capture_time);
}

Result<void> RoomSource::paint(const RoomMoment& moment, Frame& frame) {
  if (options_.color_format != PixelFormat::MJPEG) {
    renderer_->render_color(moment, options_.color_format, frame.data);
    return {};
  }
  if (!encoder_) encoder_ = codec::find_codec(CodecId::Jpeg)->make_encoder({});
  unencoded_.reshape(PixelFormat::RGB8, options_.width, options_.height);
  renderer_->render_color(moment, PixelFormat::RGB8, unencoded_.data);
  return encoder_->encode(unencoded_.view(), frame.data);
}

RoomSource::Present RoomSource::present(std::uint64_t frame_number) {
  base::MutexLock lock(mutex_);
  bank_.at("frames_made").value = static_cast<std::int64_t>(frame_number + 1);
  Present now;
  now.look.noise = std::get<double>(bank_.at("noise").value);
  now.look.holes = std::get<bool>(bank_.at("holes").value);
  now.look.pattern = static_cast<RoomPattern>(std::get<std::int64_t>(bank_.at("pattern").value));
  now.speed =
      std::get<bool>(bank_.at("moving").value) ? std::get<double>(bank_.at("speed").value) : 0;
  return now;
}

void RoomSource::publish(SourceSink& sink, std::shared_ptr<Frame> frame, std::uint64_t number,
                         MonotonicTime capture_time) const {
  frame->sequence = number;
  frame->capture_time = capture_time;
  frame->arrival_time = clock_.now();
  sink.frame(std::move(frame));
}

void RoomSource::tell_changes(SourceSink& sink) {
  std::vector<Control> changed;
  {
    base::MutexLock lock(mutex_);
    if (changed_.empty()) return;
    changed = std::exchange(changed_, {});
  }
  sink.controls_changed(std::move(changed));
}

Result<std::vector<Control>> RoomSource::controls() {
  base::MutexLock lock(mutex_);
  return bank_.all();
}

Result<std::vector<Control>> RoomSource::set_controls(const ControlSettings& settings) {
  base::MutexLock lock(mutex_);
  auto now = bank_.set(settings);
  if (!now) return now;
  auto& speed = bank_.at("speed");
  speed.inactive = !std::get<bool>(bank_.at("moving").value);
  for (auto& control : *now) control = bank_.at(control.name);
  // Whoever did not ask hears of it with the next frame.
  changed_.insert(changed_.end(), now->begin(), now->end());
  const auto names = [](const std::vector<Control>& list, std::string_view name) {
    for (const auto& control : list)
      if (control.name == name) return true;
    return false;
  };
  if (names(*now, "moving") && !names(*now, "speed")) changed_.push_back(speed);
  return now;
}

}  // namespace lenswire::source::synthetic
