#include "server/doors/camera2tcp/camera2tcp_session.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/log.hpp"
#include "server/camera.hpp"
#include "server/doors/camera2tcp/kinect_bodies.hpp"
#include "server/mjpeg_session.hpp"
#include "server/services.hpp"
#include "server/worker.hpp"
#include "wire/camera2tcp/encode.hpp"

namespace lenswire::server::camera2tcp {
namespace {

using namespace std::chrono_literals;
using wire::camera2tcp::RequestParser;

// `RGB` may become `RGBWebcam`: the rest of a word that was cut follows within this time.
constexpr auto kOpenWord = 20ms;
// The same for the beginning of a word, which is no request by itself.
constexpr auto kOpenBeginning = 500ms;
// Between the last word of a client and the next picture, once the kernel has nothing more of ours.
constexpr auto kQuiet = 3ms;
// A camera that has nothing new for so long: the last picture again, rather than none.
constexpr auto kPatience = 1s;
// But a picture this old is no picture of now.
constexpr auto kOldest = 10s;
// A client that asks again within this time finds its picture ready.
constexpr auto kFeedLinger = 2s;
constexpr auto kCameraOpens = 5s;
constexpr auto kClientSilence = 60s;
constexpr auto kAfterInput = 5s;
constexpr int kReadsAtOnce = 16;

}  // namespace

Camera2TcpSession::Camera2TcpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                                     ConnectionTable::Admission admission, Camera2TcpDoor& door)
    : worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      door_(door),
      word_timer_(worker.thread(), [this] { settle_words(); }),
      answer_timer_(worker.thread(), [this] { advance(); }),
      asked_(worker.now()),
      last_heard_(worker.now()),
      last_progress_(worker.now()) {}

Camera2TcpSession::~Camera2TcpSession() { end(); }

void Camera2TcpSession::begin(SessionId id) {
  id_ = id;
  stream_->set_listener(this);
  on_readable();
}

const ConnectionTable::Admission* Camera2TcpSession::idle() const noexcept {
  return wanted_.empty() && outgoing_.empty() ? &admission_ : nullptr;
}

void Camera2TcpSession::end() {
  if (std::exchange(ended_, true)) return;
  word_timer_.cancel();
  answer_timer_.cancel();
  for (auto& feed : feeds_) feed.tap.reset();
  stream_->close();
  worker_.retire(id_);
}

// --- what the client says

void Camera2TcpSession::on_readable() {
  if (ended_) return;
  // What has come together is one burst, but a flood must not keep the loop from others.
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    std::array<std::byte, wire::camera2tcp::kMaxRequestBytes> bytes;
    const auto got = stream_->read(bytes);
    if (got.status == net::IoStatus::Failed) return end();
    if (got.status == net::IoStatus::Closed) {
      // It may have closed its sending direction only, as `netcat -N` does.
      input_ended_ = worker_.now();
      return settle_words();
    }
    if (got.status == net::IoStatus::WouldBlock) break;
    last_heard_ = worker_.now();
    auto left = std::span<const std::byte>(bytes).first(got.bytes);
    while (!left.empty()) {
      left = left.subspan(parser_.feed(left));
      collect();
    }
  }
  stream_->wait_readable();
  switch (parser_.open()) {
    case RequestParser::Open::Nothing:
      word_timer_.cancel();
      break;
    case RequestParser::Open::Word:
      word_timer_.set(kOpenWord);
      break;
    case RequestParser::Open::Beginning:
      word_timer_.set(kOpenBeginning);
      break;
  }
  advance();
}

void Camera2TcpSession::collect() {
  while (const auto request = parser_.next()) want(*request);
}

void Camera2TcpSession::settle_words() {
  while (parser_.open() != RequestParser::Open::Nothing) {
    if (const auto request = parser_.settle()) want(*request);
    collect();
  }
  advance();
}

void Camera2TcpSession::want(const Request& request) {
  if (request.kind == Request::Kind::Unknown) {
    unknown_asked_ = true;
    return;
  }
  admission_.authenticated();
  if (std::find(wanted_.begin(), wanted_.end(), request) != wanted_.end()) return;
  if (wanted_.empty()) asked_ = worker_.now();
  wanted_.push_back(request);
}

// --- answers

void Camera2TcpSession::advance() {
  while (!ended_) {
    if (!outgoing_.empty() && !flush()) return;
    if (!wanted_.empty()) {
      unknown_asked_ = false;  // bytes between words are noise
      const auto request = wanted_.front();
      if (!answer(request)) {
        give_way();
        return;
      }
      if (ended_) return;
      wanted_.erase(std::find(wanted_.begin(), wanted_.end(), request));
      asked_ = worker_.now();
      worker_.services().totals.requests.fetch_add(1, std::memory_order_relaxed);
    } else if (unknown_asked_) {
      unknown_asked_ = false;
      // In the midst of a picture the text would shift all that follows.
      if (bytes_in_kernel() == 0) send_text(wire::camera2tcp::kInvalidRequest);
    } else {
      if (input_ended_) end();
      return;
    }
  }
}

// A camera that gives nothing must not hold up the services behind it.
void Camera2TcpSession::give_way() {
  const auto now = worker_.now();
  if (ended_ || wanted_.size() < 2 || now - asked_ < kPatience) return;
  std::rotate(wanted_.begin(), wanted_.begin() + 1, wanted_.end());
  asked_ = now;
  answer_timer_.set(0ms);
}

bool Camera2TcpSession::flush() {
  switch (outgoing_.flush(*stream_)) {
    case net::IoStatus::Done:
      last_progress_ = worker_.now();
      return true;
    case net::IoStatus::WouldBlock:
      stream_->wait_writable();
      return false;
    default:
      end();
      return false;
  }
}

void Camera2TcpSession::on_writable() {
  last_progress_ = worker_.now();
  advance();
}

bool Camera2TcpSession::answer(const Request& request) {
  return request.kind == Request::Kind::Geometry ? answer_geometry(request.service)
                                                 : answer_picture(request.service);
}

bool Camera2TcpSession::answer_geometry(Service service) {
  auto& promised = feed(service).promised;
  if (!promised) {
    const auto geometry = door_.geometry_of(service);
    if (!geometry) {
      // A camera that is just being opened has no size yet.
      if (geometry.error().code == ErrorCode::Busy && worker_.now() - asked_ < kCameraOpens)
        return false;
      send_text(wire::camera2tcp::kNoService);
      return true;
    }
    promised = *geometry;
  }
  send_text(wire::camera2tcp::geometry_answer(service, *promised));
  return true;
}

bool Camera2TcpSession::answer_picture(Service service) {
  if (picture_sent_ && !line_is_quiet()) return false;
  if (service == Service::KinectSkeleton) return answer_skeleton();
  if (service == Service::SimpleImage)
    if (auto* picture = door_.test_picture()) {
      send_picture(picture->at(worker_.now()));
      return true;
    }
  return answer_from_camera(service);
}

bool Camera2TcpSession::answer_from_camera(Service service) {
  auto& feed = this->feed(service);
  feed.last_asked = worker_.now();
  Error error;
  if (!open_feed(service, feed, error)) return answer_without_stream(service, error);
  auto frame = choose_frame(feed);
  if (!frame) {
    const bool kinect = service == Service::KinectWebcam || service == Service::KinectDepth;
    if (kinect && door_.options().strict) {
      send_text(service == Service::KinectDepth ? wire::camera2tcp::kNoDepthFrame
                                                : wire::camera2tcp::kNoFrame);
      return true;
    }
    const auto waited = worker_.now() - asked_;
    if (waited < kPatience) answer_timer_.set(kPatience - waited);
    return false;  // the next frame calls
  }
  if (!fits(service, feed, *frame)) return false;
  send_picture(std::move(frame));
  return true;
}

// As the original: a Kinect that is not there ends the connection, a webcam that fails is silent.
bool Camera2TcpSession::answer_without_stream(Service service, const Error& error) {
  const bool kinect = service == Service::KinectWebcam || service == Service::KinectDepth;
  if (error.code == ErrorCode::Busy || error.code == ErrorCode::Disconnected) return false;
  if (kinect) end();
  return true;
}

bool Camera2TcpSession::answer_skeleton() {
  auto& feed = this->feed(Service::KinectSkeleton);
  feed.last_asked = worker_.now();
  Error error;
  hub::EncodedFramePtr frame;
  if (open_feed(Service::KinectSkeleton, feed, error)) {
    frame = feed.tap->newest();
    const auto waited = worker_.now() - asked_;
    if (!frame && waited < kPatience) {
      answer_timer_.set(kPatience - waited);
      return false;
    }
  }
  if (!frame || worker_.now() - frame->source->arrival_time > kPatience) {
    send_text(wire::camera2tcp::kNoBodies);
    return true;
  }
  if (door_.options().skeleton_json)
    send_text(bodies_json(frame->payload()));
  else
    send_text(status_word(frame->payload()));
  return true;
}

bool Camera2TcpSession::open_feed(Service service, Feed& feed, Error& error) {
  if (feed.tap && feed.tap->is_open()) return true;
  const auto stream = door_.stream_of(service);
  if (!stream) {
    error = stream.error();
    return false;
  }
  if (!feed.tap)
    feed.tap = std::make_unique<FrameTap>(worker_, [this, service] {
      if (!wanted_.empty() && wanted_.front() == Request{Request::Kind::Picture, service} &&
          outgoing_.empty())
        answer_timer_.set(0ms);  // not from here: the answer may close the tap
    });
  if (auto opened =
          feed.tap->open(door_.camera(), *stream,
                         door_.wish_for(service, feed.fitted ? feed.promised : std::nullopt));
      !opened) {
    error = opened.error();
    return false;
  }
  return true;
}

hub::EncodedFramePtr Camera2TcpSession::choose_frame(Feed& feed) {
  const auto now = worker_.now();
  if (auto fresh = feed.tap->take()) return fresh;
  const auto& last = feed.tap->newest();
  if (!last || now - asked_ < kPatience || now - last->source->arrival_time > kOldest)
    return nullptr;
  return last;
}

// A size that was promised holds for as long as the connection.
bool Camera2TcpSession::fits(Service service, Feed& feed, const hub::EncodedFrame& frame) {
  if (service == Service::KinectDepth || service == Service::KinectWebcam) return true;
  const auto& profile = frame.profile->profile;
  if (!feed.promised)
    feed.promised = door_.options().size.value_or(Geometry{profile.height, profile.width, 3});
  if (frame.payload().size() == picture_bytes(service, *feed.promised) &&
      (feed.fitted || door_.options().size ||
       (feed.promised->rows == profile.height && feed.promised->columns == profile.width)))
    return true;
  feed.fitted = true;
  if (auto opened =
          feed.tap->open(door_.camera(), profile.stream, door_.wish_for(service, feed.promised));
      !opened)
    end();
  return false;
}

void Camera2TcpSession::send_text(std::string_view text) {
  outgoing_.set_head(text);
  outgoing_.start(nullptr);
  last_progress_ = worker_.now();
}

void Camera2TcpSession::send_picture(hub::EncodedFramePtr frame) {
  const auto bytes = frame->payload().size();
  if (bytes > send_buffer_bytes_) {
    // One write takes the whole picture, as far as the kernel allows.
    send_buffer_bytes_ = bytes + bytes / 8;
    const int wanted = static_cast<int>(send_buffer_bytes_);
    ::setsockopt(stream_->native_handle(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  }
  outgoing_.head().clear();
  outgoing_.start(std::move(frame));
  picture_sent_ = true;
  quiet_since_ = {};
  last_progress_ = worker_.now();
  auto& totals = worker_.services().totals;
  totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
  totals.bytes_sent.fetch_add(bytes, std::memory_order_relaxed);
}

// --- the line

std::size_t Camera2TcpSession::bytes_in_kernel() const noexcept {
  int bytes = 0;
  if (::ioctl(stream_->native_handle(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

bool Camera2TcpSession::line_is_quiet() {
  const auto now = worker_.now();
  if (bytes_in_kernel() > 0) {
    quiet_since_ = {};
    answer_timer_.set(kQuiet);
    return false;
  }
  if (quiet_since_ == MonotonicTime{}) quiet_since_ = now;
  const auto waited = now - std::max(quiet_since_, last_heard_);
  if (waited >= kQuiet) return true;
  answer_timer_.set(kQuiet - waited);
  return false;
}

void Camera2TcpSession::tick(MonotonicTime now) {
  check_deadlines(now);
  if (ended_) return;
  for (auto& feed : feeds_)
    if (feed.tap && feed.tap->is_open() && now - feed.last_asked > kFeedLinger) {
      const bool waiting = !wanted_.empty() && wanted_.front().kind == Request::Kind::Picture &&
                           &this->feed(wanted_.front().service) == &feed;
      if (!waiting) feed.tap->close();
    }
  if (!wanted_.empty() && outgoing_.empty()) advance();  // a camera may have been opened
}

void Camera2TcpSession::check_deadlines(MonotonicTime now) {
  const auto left = outgoing_.empty() ? bytes_in_kernel() : bytes_in_kernel() + 1;
  if (left == 0 || left < left_at_last_tick_) last_progress_ = now;
  left_at_last_tick_ = left;
  if (now - last_progress_ > kNoProgressDeadline) {
    worker_.services().totals.slow_clients_cut.fetch_add(1);
    base::log_info("client_cut", {{"peer", stream_->peer().host},
                                  {"reason", "took nothing for 10 s"},
                                  {"protocol", "camera2tcp"}});
    return end();
  }
  if (input_ended_ && left == 0 && now - *input_ended_ > kAfterInput) return end();
  if (left == 0 && now - last_heard_ > kClientSilence) end();
}

}  // namespace lenswire::server::camera2tcp
