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
                       {"size", fmt::format("{}x{}", shape.width, shape.height)},
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

}  // namespace lenswire::server::rpiasgige
