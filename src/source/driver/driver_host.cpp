#include "source/driver/driver_host.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "base/task_thread.hpp"
#include "base/thread.hpp"
#include "source/driver/driver_channel.hpp"
#include "source/guarded_call.hpp"

namespace lenswire::source::driver {
namespace {

constexpr std::size_t kSlots = 8;
constexpr std::size_t kMaxWaitingAsks = 16;

// Puts frames into shared memory. A frame that finds no free slot is lost, and its number shows it.
class RemoteSink final : public SourceSink {
 public:
  explicit RemoteSink(Channel& channel) : channel_(channel) {}

  void opened(const SourceDescription& description) override {
    std::size_t largest = 1;
    for (const auto& stream : description.streams)
      largest = std::max(
          largest, is_compressed(stream->format)
                       ? std::size_t{stream->width} * stream->height * 3
                       : frame_bytes(stream->format, packed_stride(stream->format, stream->width),
                                     stream->height));
    auto slots = SharedSlots::create(kSlots, largest);
    if (!slots) return trouble(slots.error());
    Opened message;
    message.description = description;
    message.slots = kSlots;
    message.slot_bytes = largest;
    int descriptor = -1;
    {
      base::MutexLock lock(mutex_);
      message.memory = ++memory_;
      streams_ = description.streams;
      slots_ = std::move(*slots);
      free_.assign(kSlots, true);
      descriptor = slots_->fd();
    }
    if (const auto sent = channel_.send(message, descriptor); !sent) trouble(sent.error());
  }

  void frame(FramePtr frame) override {
    FrameIn message;
    {
      base::MutexLock lock(mutex_);
      const auto stream = std::find(streams_.begin(), streams_.end(), frame->profile);
      const auto slot = std::find(free_.begin(), free_.end(), true);
      if (stream == streams_.end() || slot == free_.end() ||
          frame->data.size() > slots_->slot_bytes())
        return;
      *slot = false;
      message.memory = memory_;
      message.slot = static_cast<std::uint32_t>(slot - free_.begin());
      message.stream = static_cast<std::uint32_t>(stream - streams_.begin());
      std::memcpy(slots_->slot(message.slot).data(), frame->data.data(), frame->data.size());
    }
    message.bytes = frame->data.size();
    message.frame.sequence = frame->sequence;
    message.frame.capture_time = frame->capture_time;
    message.frame.capture_uncertainty = frame->capture_uncertainty;
    message.frame.arrival_time = frame->arrival_time;
    message.frame.domain = frame->domain;
    message.frame.device_time_ns = frame->device_time_ns;
    message.frame.conditions = frame->conditions;
    // A server that is gone is noticed by the thread that reads.
    (void)channel_.send(message);
  }

  void controls_changed(std::vector<Control> controls) override {
    (void)channel_.send(ControlsChanged{std::move(controls)});
  }
  void trouble(Error error) override { (void)channel_.send(Trouble{std::move(error)}); }

  void release(const Free& freed) {
    base::MutexLock lock(mutex_);
    if (freed.memory == memory_ && freed.slot < free_.size()) free_[freed.slot] = true;
  }

 private:
  Channel& channel_;
  base::Mutex mutex_;
  std::uint32_t memory_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::vector<StreamProfilePtr> streams_ LENSWIRE_GUARDED_BY(mutex_);
  std::unique_ptr<SharedSlots> slots_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<bool> free_ LENSWIRE_GUARDED_BY(mutex_);
};

// What the server asks, one message after the other. Everything that a driver might hang in happens
// on other threads, so that the end of the server is always noticed.
class Host {
 public:
  Host(const SourceKind& kind, base::UniqueFd channel)
      : kind_(kind), channel_(std::move(channel)), sink_(channel_), asks_("ask", kMaxWaitingAsks) {}

  // Never destroyed: its threads may be inside the driver for good.
  void serve() {
    for (;;) {
      auto received = channel_.receive();
      if (!received || !*received) return;
      const bool goes_on = std::visit([this](auto& m) { return take(m); }, (*received)->message);
      if (!goes_on) return;
    }
  }

 private:
  bool take(Make& make) {
    auto uri = base::SourceUri::parse(make.uri);
    auto made = uri ? guarded([&] {
      return kind_.make(std::move(*uri), SourceContext{base::system_clock()});
    })
                    : Result<std::unique_ptr<Source>>(fail(uri.error()));
    Made answer;
    if (made)
      source_ = std::move(*made);
    else
      answer.result = fail(made.error());
    return channel_.send(answer).has_value();
  }
  bool take(Find&) {
    // Opening a driver just to look may hang as well; then the server's patience ends it.
    Found found;
    if (kind_.find != nullptr) found.sources = kind_.find();
    (void)channel_.send(found);
    return false;
  }
  bool take(Run&) {
    if (!source_ || runs_) return false;
    runs_ = true;
    std::thread([this] {
      base::set_thread_name("cam");
      Ended ended;
      ended.result = guarded([this] { return source_->run(sink_, stop_.token()); });
      (void)channel_.send(ended);
    }).detach();
    return true;
  }
  bool take(Stop&) {
    stop_.request_stop();
    return true;
  }
  bool take(Free& freed) {
    sink_.release(freed);
    return true;
  }
  bool take(Ask& ask) {
    if (!source_) return false;
    asks_.submit([this, question = std::move(ask)] {
      Answer answer;
      answer.number = question.number;
      answer.result = guarded([&] {
        return question.settings.empty() ? source_->controls()
                                         : source_->set_controls(question.settings);
      });
      (void)channel_.send(answer);
    });
    return true;
  }
  template <typename Other>
  bool take(Other&) {
    return false;
  }

  const SourceKind& kind_;
  Channel channel_;
  RemoteSink sink_;
  std::unique_ptr<Source> source_;
  base::StopSource stop_;
  bool runs_ = false;
  base::TaskThread asks_;
};

}  // namespace

void serve_driver(const SourceKind& kind, base::UniqueFd channel) {
  (new Host(kind, std::move(channel)))->serve();
}

void refuse_driver(const Error& why, base::UniqueFd channel) {
  Channel to(std::move(channel));
  const auto first = to.receive();
  if (!first || !*first) return;
  Made answer;
  answer.result = fail(why);
  // Whoever asked is gone then.
  (void)to.send(answer);
}

}  // namespace lenswire::source::driver
