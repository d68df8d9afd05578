#include "source/driver/driver_source.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/module.hpp"
#include "base/stop_token.hpp"

namespace lenswire::source {
namespace driver {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(10);
// How long a driver may take to close its camera, which some do by crashing.
constexpr Nanoseconds kGrace = std::chrono::seconds(2);
constexpr Nanoseconds kAskPatience = std::chrono::seconds(4);

enum class Wake : std::uint8_t { Message, Stop, TimeOut };

Wake wait_for(const Channel& channel, const base::StopToken* stop,
              std::optional<MonotonicTime> deadline) {
  std::array<pollfd, 2> fds = {pollfd{channel.fd(), POLLIN, 0},
                               pollfd{stop != nullptr ? stop->poll_fd() : -1, POLLIN, 0}};
  for (;;) {
    int timeout = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          *deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return Wake::TimeOut;
      timeout = static_cast<int>(left.count());
    }
    if (::poll(fds.data(), fds.size(), timeout) <= 0) continue;
    if (fds[1].revents != 0) return Wake::Stop;
    return Wake::Message;
  }
}

// The next message, or why there is none.
Result<Channel::Received> next(DriverProcess& process, const base::StopToken* stop,
                               Nanoseconds patience) {
  switch (wait_for(process.channel(), stop, std::chrono::steady_clock::now() + patience)) {
    case Wake::Stop:
      return fail(ErrorCode::Closed, "stopped");
    case Wake::TimeOut:
      return fail(ErrorCode::Timeout, "the driver does not answer");
    case Wake::Message:
      break;
  }
  auto received = process.channel().receive();
  if (!received) return fail(received.error());
  if (!*received) return fail(ErrorCode::Busy, fmt::format("the driver {}", process.end(kGrace)));
  return std::move(**received);
}

}  // namespace

// One run: what the driver says becomes calls to the sink.
class DriverSource::Connection {
 public:
  Connection(DriverSource& source, DriverProcess& process, SourceSink& sink)
      : source_(source), process_(process), sink_(sink) {
    base::MutexLock lock(source.mutex_);
    source.running_ = &process.channel();
  }
  ~Connection() {
    base::MutexLock lock(source_.mutex_);
    source_.running_ = nullptr;
    source_.answered_.notify_all();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> serve(const base::StopToken& stop) {
    if (const auto begun = process_.channel().send(Run{}); !begun) return crashed();
    while (!ended_) {
      if (wait_for(process_.channel(), &stop, std::nullopt) == Wake::Stop) return end_in_order();
      auto received = process_.channel().receive();
      if (!received) return fail(received.error());
      if (!*received) return crashed();
      auto taken = std::visit([&](auto& m) { return take(m, (*received)->descriptor); },
                              (*received)->message);
      if (!taken) return fail(taken.error());
    }
    return *ended_;
  }

 private:
  Result<void> crashed() {
    return fail(ErrorCode::Busy, fmt::format("the driver process of {} {}; it is started again",
                                             source_.scheme_, process_.end(kGrace)));
  }

  // Whatever the driver does while it closes: nobody is to be told any more.
  Result<void> end_in_order() {
    (void)process_.channel().send(Stop{}, -1, Channel::Patience::DontWait);
    const auto deadline = std::chrono::steady_clock::now() + kGrace;
    while (wait_for(process_.channel(), nullptr, deadline) == Wake::Message) {
      const auto received = process_.channel().receive();
      if (!received || !*received) break;
      if (std::holds_alternative<Ended>((*received)->message)) break;
      if (const auto* frame = std::get_if<FrameIn>(&(*received)->message)) free(*frame);
    }
    return {};
  }

  void free(const FrameIn& frame) {
    // One that does not read has stopped anyway.
    (void)process_.channel().send(Free{frame.memory, frame.slot}, -1, Channel::Patience::DontWait);
  }

  Result<void> take(Opened& opened, base::UniqueFd& descriptor) {
    auto slots = SharedSlots::open(std::move(descriptor), opened.slots,
                                   static_cast<std::size_t>(opened.slot_bytes));
    if (!slots) return fail(slots.error());
    slots_ = std::move(*slots);
    memory_ = opened.memory;
    streams_ = opened.description.streams;
    sink_.opened(opened.description);
    return {};
  }

  Result<void> take(FrameIn& in, base::UniqueFd&) {
    if (!slots_ || in.memory != memory_ || in.stream >= streams_.size() ||
        in.slot >= slots_->slots() || in.bytes > slots_->slot_bytes())
      return fail(ErrorCode::InvalidArgument, "the driver gave a frame that can't be");
    auto frame = source_.pool_.acquire(streams_[in.stream]);
    const auto pixels = slots_->slot(in.slot).first(static_cast<std::size_t>(in.bytes));
    if (is_compressed(frame->format()))
      frame->data.assign(pixels.begin(), pixels.end());
    else if (frame->data.size() == pixels.size())
      std::memcpy(frame->data.data(), pixels.data(), pixels.size());
    else
      return fail(ErrorCode::InvalidArgument, "the driver gave a frame of another size");
    free(in);
    frame->sequence = in.frame.sequence;
    frame->capture_time = in.frame.capture_time;
    frame->capture_uncertainty = in.frame.capture_uncertainty;
    frame->arrival_time = in.frame.arrival_time;
    frame->domain = in.frame.domain;
    frame->device_time_ns = in.frame.device_time_ns;
    frame->conditions = in.frame.conditions;
    sink_.frame(std::move(frame));
    return {};
  }
  Result<void> take(ControlsChanged& changed, base::UniqueFd&) {
    sink_.controls_changed(std::move(changed.controls));
    return {};
  }
  Result<void> take(Trouble& trouble, base::UniqueFd&) {
    sink_.trouble(std::move(trouble.error));
    return {};
  }
  Result<void> take(Answer& answer, base::UniqueFd&) {
    base::MutexLock lock(source_.mutex_);
    const auto asked = source_.answers_.find(answer.number);
    if (asked != source_.answers_.end()) asked->second = std::move(answer.result);
    source_.answered_.notify_all();
    return {};
  }
  Result<void> take(Ended& ended, base::UniqueFd&) {
    ended_ = std::move(ended.result);
    return {};
  }
  template <typename Other>
  Result<void> take(Other&, base::UniqueFd&) {
    return fail(ErrorCode::InvalidArgument, "the driver said something out of turn");
  }

  DriverSource& source_;
  DriverProcess& process_;
  SourceSink& sink_;
  std::unique_ptr<SharedSlots> slots_;
  std::uint32_t memory_ = 0;
  std::vector<StreamProfilePtr> streams_;
  std::optional<Result<void>> ended_;
};

Result<std::unique_ptr<DriverProcess>> DriverSource::start(const base::StopToken* stop) {
  auto process = DriverProcess::start(scheme_);
  if (!process) return fail(process.error());
  if (const auto sent = (*process)->channel().send(Make{uri_}); !sent)
    return fail(ErrorCode::Busy, fmt::format("the driver {}", (*process)->end(kGrace)));
  auto answer = next(**process, stop, kPatience);
  if (!answer) return fail(answer.error());
  const auto* made = std::get_if<Made>(&answer->message);
  if (made == nullptr || made->version != kProtocolVersion)
    return fail(ErrorCode::VersionMismatch,
                fmt::format("{} belongs to another lenswire; install both from the same build",
                            kDriverProgram));
  if (!made->result) return fail(made->result.error());
  return process;
}

Result<void> DriverSource::run(SourceSink& sink, const base::StopToken& stop) {
  const auto process = start(&stop);
  if (!process) {
    if (stop.stop_requested()) return {};
    return fail(process.error());
  }
  Connection connection(*this, **process, sink);
  return connection.serve(stop);
}

Result<void> DriverSource::check() {
  const auto process = start(nullptr);
  if (!process) return fail(process.error());
  return {};
}

Result<std::vector<Control>> DriverSource::controls() { return ask({}); }

Result<std::vector<Control>> DriverSource::set_controls(const ControlSettings& settings) {
  if (settings.empty()) return std::vector<Control>{};
  return ask(settings);
}

Result<std::vector<Control>> DriverSource::ask(const ControlSettings& settings) {
  const auto deadline = std::chrono::steady_clock::now() + kAskPatience;
  {
    base::MutexLock lock(mutex_);
    if (running_ != nullptr) {
      const auto number = ++questions_;
      if (const auto sent = running_->send(Ask{number, settings}, -1, Channel::Patience::DontWait);
          !sent)
        return fail(sent.error());
      auto& answer = answers_[number];
      while (!answer && running_ != nullptr && std::chrono::steady_clock::now() < deadline)
        answered_.wait_until(mutex_, deadline);
      auto got = std::move(answer);
      answers_.erase(number);
      if (got) return std::move(*got);
      return fail(running_ == nullptr ? ErrorCode::Disconnected : ErrorCode::Timeout,
                  "the driver did not answer about its controls");
    }
  }
  return ask_briefly(settings);
}

// Nobody watches: a process for this one question.
Result<std::vector<Control>> DriverSource::ask_briefly(const ControlSettings& settings) {
  const auto process = start(nullptr);
  if (!process) return fail(process.error());
  if (const auto sent = (*process)->channel().send(Ask{1, settings}); !sent)
    return fail(ErrorCode::Busy, fmt::format("the driver {}", (*process)->end(kGrace)));
  auto received = next(**process, nullptr, kAskPatience);
  if (!received) return fail(received.error());
  auto* answer = std::get_if<Answer>(&received->message);
  if (answer == nullptr) return fail(ErrorCode::InvalidArgument, "the driver answered otherwise");
  return std::move(answer->result);
}

}  // namespace driver

Result<std::unique_ptr<Source>> make_driver_source(base::SourceUri uri, const SourceContext&) {
  // Looked for, not opened: the vendor's library is loaded in the driver's process only.
  if (const auto module = base::find_module(uri.scheme); !module)
    return fail(module.error().code, fmt::format("{}: {}", uri.text, module.error().message));
  auto source = std::make_unique<driver::DriverSource>(uri.scheme, uri.text);
  if (const auto accepted = source->check(); !accepted) return fail(accepted.error());
  return source;
}

std::vector<FoundSource> find_driver_sources(std::string_view scheme) {
  if (!base::find_module(scheme)) return {};
  const auto process = driver::DriverProcess::start(scheme);
  if (!process || !(*process)->channel().send(driver::Find{})) return {};
  auto received = driver::next(**process, nullptr, driver::kPatience);
  if (!received) return {};
  auto* found = std::get_if<driver::Found>(&received->message);
  return found != nullptr ? std::move(found->sources) : std::vector<FoundSource>{};
}

}  // namespace lenswire::source
