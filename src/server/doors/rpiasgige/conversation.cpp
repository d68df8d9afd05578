#include "server/doors/rpiasgige/conversation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "server/services.hpp"
#include "server/worker.hpp"

namespace lenswire::server::rpiasgige {
namespace {

using source::SourceState;
using source::SourceStatus;
using wire::Command;
using wire::Status;

constexpr auto kCheckEvery = std::chrono::milliseconds(20);
constexpr auto kTryAgainAfter = std::chrono::milliseconds(50);
// OpenCV's own limit.
constexpr double kMaxBuffers = 10;

std::string size_text(const PictureSize& size) {
  return fmt::format("{}x{}", size.width, size.height);
}

}  // namespace

Conversation::Conversation(Worker& worker, DoorShared& door, std::string host, Outgoing& outgoing,
                           Later later, std::function<void()> answered)
    : worker_(worker),
      door_(door),
      host_(std::move(host)),
      outgoing_(outgoing),
      later_(std::move(later)),
      answered_(std::move(answered)),
      state_(door.visitors.look_up(host_)),
      tap_(worker, [this] {
        if (waiting_ == Waiting::Grab) check();
      }) {}

Conversation::~Conversation() = default;

template <typename T, typename Then>
std::function<void(Result<T>)> Conversation::on_result(Then then) {
  return [later = later_, turn = turn_, then = std::move(then)](Result<T> result) {
    later([turn, then, result = std::move(result)](Conversation& self) mutable {
      if (self.turn_ == turn && self.waiting_ != Waiting::Nothing) then(self, std::move(result));
    });
  };
}

// --- one request

void Conversation::handle(const wire::Request& request) {
  request_ = request;
  ++turn_;
  waiting_ = Waiting::Nothing;
  switch (request.command) {
    case Command::Ping:
      return answer(Status::Pong);
    case Command::Open:
      return open();
    case Command::IsOpened: {
      const auto state = door_.camera.status().state;
      const bool there = state != SourceState::Absent && state != SourceState::Failed;
      return answer(state_.open && there ? Status::Ok : Status::No);
    }
    case Command::Close:
      return close();
    case Command::Set:
      return set();
    case Command::Get:
      return get();
    case Command::Grab:
      return grab();
    case Command::Unknown:
      return answer(Status::Unknown);
    case Command::Incomplete:
      return answer(Status::BadRequest);
  }
}

void Conversation::open() {
  if (state_.open && door_.camera.status().state == SourceState::Streaming) {
    hold_ = Camera::Hold(door_.camera);
    return answer(Status::Ok);
  }
  const bool anew = !state_.open;
  begin(Waiting::Open);
  if (!anew || state_.remembered.empty()) return check();
  // As the original does at every open; what another client chose meanwhile gives way.
  waiting_ = Waiting::Camera;
  apply_again();
}

void Conversation::close() {
  state_.open = false;
  state_.last_picture = {};
  tap_.close();
  hold_.reset();
  answer(Status::Ok);
}

void Conversation::grab() {
  if (!state_.open) return answer(Status::No);
  begin(Waiting::Grab);
  last_grab_ = began_;
  check();
}

void Conversation::get() {
  const auto property = request_.property();
  if (!property) return answer(Status::BadRequest);
  if (const auto kept = state_.remembered.find(*property); kept != state_.remembered.end())
    return answer_value(kept->second);
  if (!state_.open) return answer_value(0);
  const auto now = profile();
  switch (*property) {
    case kWidth:
      return answer_value(now ? now->width : 0);
    case kHeight:
      return answer_value(now ? now->height : 0);
    case kRate:
      return answer_value(now ? now->rate_hz : 0);
    case kFourcc:
      return answer_value(now ? static_cast<double>(static_cast<std::uint32_t>(now->format)) : 0);
    case kBufferSize:
      return answer_value(0);
    default:
      break;
  }
  begin(Waiting::Camera);
  door_.camera.read_controls(on_result<std::vector<Control>>(
      [property](Conversation& self, const Result<std::vector<Control>>& controls) {
        if (!controls && controls.error().code == ErrorCode::Busy) return self.try_again();
        const auto* control = controls ? find_control(*property, *controls) : nullptr;
        self.answer_value(control ? number_from(*control) : 0);
      }));
  check();
}

void Conversation::set() {
  const auto property = request_.property();
  const auto value = request_.value();
  if (!property || !value) return answer(Status::BadRequest);
  if (!state_.open) return answer(Status::No);
  if (!state_.remembered.contains(*property) && state_.remembered.size() >= kMaxRemembered)
    return answer(Status::No);
  switch (*property) {
    case kWidth:
      return set_size(kWidth, *value);
    case kHeight:
      return set_size(kHeight, *value);
    case kRate:
      if (!(*value > 0)) return answer(Status::No);
      return set_option(kRate, *value, {{"fps", fmt::format("{}", *value)}});
    case kFourcc: {
      const auto format = format_from(*value);
      const auto now = profile();
      // Another kind of stream would be another camera.
      if (!format || !now || kind_of(*format) != now->kind) return answer(Status::No);
      return set_option(kFourcc, *value, {{"format", std::string(to_string(*format))}});
    }
    case kBufferSize:
      // Everybody always gets the newest picture; more buffers would only make them older.
      if (!(*value >= 1 && *value <= kMaxBuffers)) return answer(Status::No);
      remember(kBufferSize, *value);
      return answer(Status::Ok);
    default:
      return set_control(*property, *value);
  }
}

// --- setting

void Conversation::set_size(Property side, double value) {
  const auto pixels = pixels_from(value);
  const auto now = profile();
  if (!pixels || !now) return answer(Status::No);
  if (*pixels == (side == kWidth ? now->width : now->height)) {
    remember(side, value);
    return answer(Status::Ok);
  }
  begin(Waiting::Camera);
  door_.camera.read_sizes(on_result<std::vector<
                              PictureSize>>([side, value, pixels = *pixels](
                                                Conversation& self,
                                                const Result<std::vector<PictureSize>>& offered) {
    if (!offered) return self.try_again();
    const auto present = self.profile();
    if (!present) return self.answer(Status::No);
    const auto other = self.state_.remembered.find(side == kWidth ? kHeight : kWidth);
    std::optional<std::uint32_t> kept;
    if (other != self.state_.remembered.end()) kept = pixels_from(other->second);
    const auto size = choose_size(side, pixels, {present->width, present->height}, kept, *offered);
    if (!size) return self.answer(Status::No);
    // It can't be had together with the new side.
    if (kept && kept != (side == kWidth ? size->height : size->width))
      self.state_.remembered.erase(other);
    self.set_option(side, value, {{"size", size_text(*size)}});
  }));
  check();
}

void Conversation::set_option(std::int32_t property, double value, base::OptionChanges changes) {
  std::erase_if(changes, [this](const auto& change) { return already(change); });
  if (changes.empty()) {
    remember(property, value);
    return answer(Status::Ok);
  }
  const bool first_step = waiting_ == Waiting::Nothing;
  if (first_step) begin(Waiting::Camera);
  door_.camera.reconfigure(
      std::move(changes),
      on_result<void>([property, value](Conversation& self, const Result<void>& done) {
        if (!done) {
          base::log_info("rpiasgige_set_refused", {{"camera", self.door_.camera.name()},
                                                   {"property", property},
                                                   {"reason", done.error().message}});
          if (done.error().code == ErrorCode::Busy) return self.try_again();
          return self.answer(Status::No);
        }
        self.remember(property, value);
        self.answer(Status::Ok);
      }));
  if (first_step) check();
}

void Conversation::set_control(std::int32_t property, double value) {
  begin(Waiting::Camera);
  door_.camera.read_controls(on_result<std::vector<Control>>(
      [property, value](Conversation& self, const Result<std::vector<Control>>& controls) {
        if (!controls && controls.error().code == ErrorCode::Busy) return self.try_again();
        const auto* control = controls ? find_control(property, *controls) : nullptr;
        const auto wanted =
            control && !control->read_only ? control_value_from(*control, value) : std::nullopt;
        if (!wanted) return self.answer(Status::No);
        self.door_.camera.apply_controls(
            {{control->name, *wanted}},
            self.on_result<std::vector<Control>>(
                [property, value](Conversation& me, const Result<std::vector<Control>>& set) {
                  if (!set && set.error().code == ErrorCode::Busy) return me.try_again();
                  if (!set) return me.answer(Status::No);
                  me.remember(property, value);
                  me.answer(Status::Ok);
                }));
      }));
  check();
}

// The geometry first, all in one; then the controls, one by one.
void Conversation::apply_again() {
  base::OptionChanges changes;
  const auto& kept = state_.remembered;
  const auto width = kept.find(kWidth);
  const auto height = kept.find(kHeight);
  const auto now = profile();
  if (now && (width != kept.end() || height != kept.end())) {
    PictureSize size{now->width, now->height};
    if (width != kept.end()) size.width = pixels_from(width->second).value_or(size.width);
    if (height != kept.end()) size.height = pixels_from(height->second).value_or(size.height);
    if (size != PictureSize{now->width, now->height}) changes.emplace_back("size", size_text(size));
  }
  if (const auto rate = kept.find(kRate); rate != kept.end())
    changes.emplace_back("fps", fmt::format("{}", rate->second));
  if (const auto code = kept.find(kFourcc); code != kept.end())
    if (const auto format = format_from(code->second))
      changes.emplace_back("format", std::string(to_string(*format)));
  std::erase_if(changes, [this](const auto& change) { return already(change); });

  controls_again_.clear();
  for (const auto& [property, value] : kept)
    if (property != kWidth && property != kHeight && property != kRate && property != kFourcc &&
        property != kBufferSize)
      controls_again_.emplace_back(property, value);
  schedule_check();
  if (changes.empty()) return apply_next_control();
  door_.camera.reconfigure(std::move(changes),
                           on_result<void>([](Conversation& self, const Result<void>&) {
                             // What can't be had any more must not keep the camera closed.
                             self.apply_next_control();
                           }));
}

void Conversation::apply_next_control() {
  if (controls_again_.empty()) {
    waiting_ = Waiting::Open;
    return check();
  }
  door_.camera.read_controls(on_result<std::vector<Control>>(
      [](Conversation& self, const Result<std::vector<Control>>& controls) {
        ControlSettings settings;
        for (const auto& [property, value] : std::exchange(self.controls_again_, {})) {
          const auto* control = controls ? find_control(property, *controls) : nullptr;
          if (!control || control->read_only || number_from(*control) == value) continue;
          if (auto wanted = control_value_from(*control, value))
            settings.emplace_back(control->name, *wanted);
        }
        if (settings.empty()) return self.apply_next_control();
        self.door_.camera.apply_controls(
            settings, self.on_result<std::vector<Control>>(
                          [](Conversation& me, const Result<std::vector<Control>>&) {
                            me.apply_next_control();
                          }));
      }));
}

// --- waiting

void Conversation::begin(Waiting what) {
  waiting_ = what;
  if (!hold_) hold_ = Camera::Hold(door_.camera);
  if (trying_again_) return;
  began_ = worker_.now();
  failures_before_ = door_.camera.status().failures;
}

// The camera takes so many calls a second; a moment later it takes this one. check() ends the
// attempts.
void Conversation::try_again() {
  worker_.thread().after(kTryAgainAfter, [later = later_, turn = turn_] {
    later([turn](Conversation& self) {
      if (self.turn_ != turn || self.waiting_ != Waiting::Camera) return;
      self.waiting_ = Waiting::Nothing;
      self.trying_again_ = true;
      if (self.request_.command == Command::Set)
        self.set();
      else
        self.get();
      self.trying_again_ = false;
    });
  });
}

void Conversation::schedule_check() {
  if (std::exchange(check_pending_, true)) return;
  worker_.thread().after(kCheckEvery, [later = later_] {
    later([](Conversation& self) {
      self.check_pending_ = false;
      self.check();
    });
  });
}

void Conversation::check() {
  if (waiting_ == Waiting::Nothing) return;
  if (waiting_ != Waiting::Camera) {
    const auto status = door_.camera.status();
    if (waiting_ == Waiting::Open ? check_open(status) : check_grab()) return;
    if (is_broken(status)) {
      if (waiting_ == Waiting::Open) hold_.reset();
      return answer(Status::No);
    }
  }
  if (worker_.now() - began_ >= kAnswerWithin) return answer_late();
  schedule_check();
}

bool Conversation::is_broken(const SourceStatus& status) const {
  if (status.state != SourceState::Failed && status.state != SourceState::Absent) return false;
  return status.failures != failures_before_ || worker_.now() - began_ >= kFailureGrace;
}

bool Conversation::check_open(const SourceStatus& status) {
  if (status.state != SourceState::Streaming) return false;
  state_.open = true;
  answer(Status::Ok);
  return true;
}

bool Conversation::check_grab() {
  if (!tap_.is_open()) {
    const auto now = profile();
    if (!now) {
      door_.camera.wake_up();
      return false;
    }
    hub::Wish wish;
    if (now->kind != StreamKind::Depth) wish.format = PixelFormat::BGR8;
    // open() may deliver the newest picture, and so answer, before it returns.
    const auto turn = turn_;
    const auto opened = tap_.open(door_.camera, stream_id(), wish);
    if (turn_ != turn || waiting_ != Waiting::Grab) return true;
    if (!opened && opened.error().code != ErrorCode::Busy) {
      answer(Status::No);
      return true;
    }
  }
  if (!has_present_picture() || tap_.newest()->source->capture_time <= state_.last_picture)
    return false;
  send_picture(tap_.newest());
  return true;
}

// After a SET of its size, what is left of the old one is no answer.
bool Conversation::has_present_picture() const {
  if (!tap_.newest()) return false;
  const auto& of_picture = tap_.newest()->source->profile;
  const auto now = profile();
  return of_picture == now || (now && *of_picture == *now);
}

void Conversation::send_picture(const hub::EncodedFramePtr& frame) {
  const auto& shape = frame->profile->profile;
  const auto type = opencv_type(shape.format);
  if (!type || std::uint64_t{shape.width} * shape.height > door_.max_pixels) {
    base::log_warning("rpiasgige_picture_refused",
                      {{"camera", door_.camera.name()},
                       {"format", to_string(shape.format)},
                       {"size", size_text({shape.width, shape.height})},
                       {"remedy", "raise the door's option max-size, and the clients' buffers"}});
    return answer(Status::No);
  }
  waiting_ = Waiting::Nothing;
  state_.last_picture = frame->source->capture_time;
  const char keep = manners_.echoes_keep_alive ? request_.keep_alive : keeps_alive() ? '1' : '0';
  wire::encode_picture_head(keep, {shape.height, shape.width, *type},
                            static_cast<std::uint32_t>(frame->payload().size()), outgoing_.head());
  auto& totals = worker_.services().totals;
  totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
  outgoing_.start(frame);
  totals.bytes_sent.fetch_add(outgoing_.total(), std::memory_order_relaxed);
  finish();
}

void Conversation::tick(MonotonicTime now) {
  if (waiting_ != Waiting::Grab && tap_.is_open() && now - last_grab_ > kTapIdle) tap_.close();
}

// --- answering

void Conversation::remember(std::int32_t property, double value) {
  state_.remembered[property] = value;
}

void Conversation::answer(Status status) {
  waiting_ = Waiting::Nothing;
  const char keep = manners_.echoes_keep_alive ? request_.keep_alive : keeps_alive() ? '1' : '0';
  wire::encode_head(status, keep, 0, outgoing_.head());
  outgoing_.start(nullptr);
  finish();
}

void Conversation::answer_value(double value) {
  waiting_ = Waiting::Nothing;
  const char keep = manners_.echoes_keep_alive ? request_.keep_alive : keeps_alive() ? '1' : '0';
  wire::encode_value(keep, value, outgoing_.head());
  outgoing_.start(nullptr);
  finish();
}

void Conversation::answer_late() {
  // A slow camera's last picture is better than none.
  if (waiting_ == Waiting::Grab && has_present_picture() &&
      door_.camera.status().state == SourceState::Streaming)
    return send_picture(tap_.newest());
  if (request_.command == Command::Open) hold_.reset();
  answer(manners_.says_time ? Status::Busy : Status::No);
}

// Before the answer goes: the client's next connection may be here before this one is closed.
void Conversation::finish() {
  door_.visitors.write_down(host_, state_);
  answered_();
}

// --- the camera

std::string Conversation::stream_id() const {
  if (!door_.stream.empty()) return door_.stream;
  const auto ids = door_.camera.stream_ids();
  if (ids.empty() || std::find(ids.begin(), ids.end(), "color") != ids.end()) return "color";
  return ids.front();
}

StreamProfilePtr Conversation::profile() const {
  const auto stream = door_.camera.stream(stream_id());
  return stream ? (*stream)->profile() : nullptr;
}

// Whether the camera has that option's value, by the user's choice or by itself.
bool Conversation::already(const std::pair<std::string, std::string>& change) const {
  auto uri = base::SourceUri::parse(door_.camera.uri());
  if (uri && uri->options.text(change.first, {}) == change.second) return true;
  const auto now = profile();
  if (!now) return false;
  if (change.first == "size") return change.second == size_text({now->width, now->height});
  if (change.first == "fps") return change.second == fmt::format("{}", now->rate_hz);
  return change.first == "format" && change.second == to_string(now->format);
}

}  // namespace lenswire::server::rpiasgige
