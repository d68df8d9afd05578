// camera2tcp_session.hpp - one Camera2TCP client.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/timer.hpp"
#include "server/connection_table.hpp"
#include "server/doors/camera2tcp/camera2tcp_door.hpp"
#include "server/frame_tap.hpp"
#include "server/outgoing.hpp"
#include "server/session.hpp"
#include "wire/camera2tcp/decode.hpp"

namespace lenswire::server::camera2tcp {

/// Answers words with texts and pictures.
///
/// The newest client throws away whatever one recv() did not complete, and asks again at once. So
/// however often a word comes while it waits, one picture answers it; and no picture begins before
/// the one before it has left the kernel and the client has been quiet for a moment: a client that
/// sees its end would else take the next one's beginning for the rest.
///
/// Threading: thread-bound to its worker.
class Camera2TcpSession final : public Session, private net::StreamListener {
 public:
  Camera2TcpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                    ConnectionTable::Admission admission, Camera2TcpDoor& door);
  ~Camera2TcpSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;
  [[nodiscard]] const ConnectionTable::Admission* idle() const noexcept override;

 private:
  using Request = wire::camera2tcp::Request;

  // A stream's newest picture in the form that one service sends.
  struct Feed {
    std::unique_ptr<FrameTap> tap;
    std::optional<Geometry> promised;  // the client reckons with this size
    bool fitted = false;               // the camera has another one by now
    MonotonicTime last_asked{};
  };

  void on_readable() override;
  void on_writable() override;
  void collect();
  void settle_words();
  void want(const Request& request);
  void advance();
  void give_way();
  [[nodiscard]] bool flush();

  [[nodiscard]] bool answer(const Request& request);
  [[nodiscard]] bool answer_geometry(Service service);
  [[nodiscard]] bool answer_picture(Service service);
  [[nodiscard]] bool answer_from_camera(Service service);
  [[nodiscard]] bool answer_without_stream(Service service, const Error& error);
  [[nodiscard]] bool answer_skeleton();
  [[nodiscard]] bool open_feed(Service service, Feed& feed, Error& error);
  [[nodiscard]] hub::EncodedFramePtr choose_frame(Feed& feed);
  [[nodiscard]] bool fits(Service service, Feed& feed, const hub::EncodedFrame& frame);
  void send_text(std::string_view text);
  void send_picture(hub::EncodedFramePtr frame);

  [[nodiscard]] std::size_t bytes_in_kernel() const noexcept;
  [[nodiscard]] bool line_is_quiet();
  void check_deadlines(MonotonicTime now);
  void end();

  Feed& feed(Service service) noexcept { return feeds_[static_cast<std::size_t>(service)]; }

  Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  ConnectionTable::Admission admission_;
  Camera2TcpDoor& door_;
  net::Timer word_timer_;    // an open word becomes certain
  net::Timer answer_timer_;  // the line may be quiet, or the camera has taken too long
  wire::camera2tcp::RequestParser parser_;
  std::vector<Request> wanted_;  // each once, the oldest first
  bool unknown_asked_ = false;
  Outgoing outgoing_;
  std::size_t send_buffer_bytes_ = 0;
  bool picture_sent_ = false;
  std::array<Feed, wire::camera2tcp::kServices> feeds_;
  MonotonicTime asked_;          // the front of wanted_ came, or came to the front
  MonotonicTime last_heard_;     // a word or part of one
  MonotonicTime quiet_since_{};  // the kernel has nothing more of ours
  MonotonicTime last_progress_;
  std::size_t left_at_last_tick_ = 0;
  std::optional<MonotonicTime> input_ended_;
  SessionId id_ = 0;
  bool ended_ = false;
};

}  // namespace lenswire::server::camera2tcp
