// conversation.hpp - one rpiasgige client's requests and their answers, whatever carries them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/camera.hpp"
#include "server/doors/rpiasgige/properties.hpp"
#include "server/doors/rpiasgige/visitor_book.hpp"
#include "server/frame_tap.hpp"
#include "server/outgoing.hpp"
#include "wire/rpiasgige/packet.hpp"

namespace lenswire::server::rpiasgige {

namespace wire = lenswire::wire::rpiasgige;

/// The clients give up after 1 s; until then they have their answer.
inline constexpr auto kAnswerWithin = std::chrono::milliseconds(900);
/// A device that does not work gets this long to recover when somebody asks for it.
inline constexpr auto kFailureGrace = std::chrono::milliseconds(300);
/// Pictures are no longer made ready so long after the last GRAB.
inline constexpr auto kTapIdle = std::chrono::seconds(2);

/// What all conversations of one door share.
struct DoorShared {
  Camera& camera;
  std::string stream;            ///< empty: color, or the first there is
  std::uint64_t max_pixels = 0;  ///< of a picture that clients have room for
  VisitorBook visitors;
};

/// How the two generations differ.
struct Manners {
  bool echoes_keep_alive = false;  ///< else: '1' or '0', as it was understood
  bool says_time = false;          ///< TIME instead of NOPE when it takes too long
};

/// Answers one request at a time into an Outgoing.
///
/// Threading: thread-bound to the worker.
class Conversation {
 public:
  /// `host` is whom the visitor book knows. `later` runs its task on the worker's thread with this
  /// conversation, if that still exists then; it may be called from any thread. `answered` is told
  /// when the Outgoing is ready to go.
  using Task = std::function<void(Conversation&)>;
  using Later = std::function<void(Task)>;
  Conversation(Worker& worker, DoorShared& door, std::string host, Outgoing& outgoing, Later later,
               std::function<void()> answered);
  ~Conversation();

  void set_manners(const Manners& manners) noexcept { manners_ = manners; }

  /// Not before the last request was answered. The answer may come during the call.
  void handle(const wire::Request& request);

  /// Whether the answered request wants the TCP connection to go on.
  [[nodiscard]] bool keeps_alive() const noexcept { return request_.keep_alive == '1'; }

  void tick(MonotonicTime now);

 private:
  enum class Waiting : std::uint8_t { Nothing, Open, Grab, Camera };

  void open();
  void close();
  void grab();
  void get();
  void set();
  void set_size(Property side, double value);
  void set_option(std::int32_t property, double value, base::OptionChanges changes);
  void set_control(std::int32_t property, double value);
  void apply_again();
  void apply_next_control();

  void begin(Waiting what);
  void try_again();
  void check();
  bool check_open(const source::SourceStatus& status);
  bool check_grab();
  [[nodiscard]] bool has_present_picture() const;
  void send_picture(const hub::EncodedFramePtr& frame);
  [[nodiscard]] bool is_broken(const source::SourceStatus& status) const;
  void schedule_check();

  void remember(std::int32_t property, double value);
  void answer(wire::Status status);
  void answer_value(double value);
  void answer_late();
  void finish();

  [[nodiscard]] std::string stream_id() const;
  [[nodiscard]] StreamProfilePtr profile() const;
  [[nodiscard]] bool already(const std::pair<std::string, std::string>& change) const;
  /// Wraps what shall happen with a camera call's result, unless the answer is out by then.
  template <typename T, typename Then>
  [[nodiscard]] std::function<void(Result<T>)> on_result(Then then);

  Worker& worker_;
  DoorShared& door_;
  const std::string host_;
  Outgoing& outgoing_;
  const Later later_;
  const std::function<void()> answered_;
  Manners manners_;

  VisitorState state_;
  Camera::Hold hold_;
  FrameTap tap_;
  MonotonicTime last_grab_{};

  wire::Request request_;
  Waiting waiting_ = Waiting::Nothing;
  std::uint64_t turn_ = 0;  // of the request: what belongs to an earlier one comes too late
  bool check_pending_ = false;
  bool trying_again_ = false;
  MonotonicTime began_{};
  std::uint64_t failures_before_ = 0;
  std::vector<std::pair<std::int32_t, double>> controls_again_;
};

template <typename T, typename Then>
std::function<void(Result<T>)> Conversation::on_result(Then then) {
  return [later = later_, turn = turn_, then = std::move(then)](Result<T> result) {
    later([turn, then, result = std::move(result)](Conversation& self) mutable {
      if (self.turn_ == turn && self.waiting_ != Waiting::Nothing) then(self, std::move(result));
    });
  };
}

}  // namespace lenswire::server::rpiasgige
