// frameset_assembly.hpp - which frames of several streams belong to one moment.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <lenswire/frameset.hpp>
#include <lenswire/time.hpp>

namespace lenswire::frame {

/// When a frame was taken, on the two clocks that may know.
struct FrameTimes {
  Nanoseconds capture{};
  std::optional<Nanoseconds> device;
};

/// Groups items by their times as lenswire/frameset.hpp says. An Item is a pointer; null stands for
/// the one that lacks.
///
/// Threading: reentrant.
template <typename Item>
class FramesetAssembly {
 public:
  struct Set {
    std::vector<Item> items;  ///< by stream
    Nanoseconds earliest{};   ///< capture time
    Nanoseconds skew{};
    bool complete = false;
  };

  FramesetAssembly(std::size_t streams, Nanoseconds tolerance, Nanoseconds patience)
      : queues_(streams), tolerance_(tolerance), patience_(patience) {}

  void push(std::size_t stream, const FrameTimes& times, Item item) {
    auto& queue = queues_.at(stream);
    if (queue.bias && times.device && !agree(*queue.bias, times.capture - *times.device))
      restart();  // the device's clock was set
    if (queue.last && times.capture < *queue.last) restart();
    queue.bias.reset();
    if (times.device) queue.bias = times.capture - *times.device;
    queue.last = times.capture;
    if (queue.items.size() == kMostWaiting) {
      queue.items.pop_front();
      ++counters_.left_out;
    }
    queue.items.push_back({times, std::move(item)});
  }

  /// The oldest set that is ready; incomplete ones only where wanted.
  std::optional<Set> next(bool incomplete_too) {
    while (auto set = take()) {
      if (set->complete) {
        ++counters_.complete;
        counters_.worst_skew = std::max(counters_.worst_skew, set->skew);
        return set;
      }
      ++counters_.incomplete;
      if (incomplete_too) return set;
      for (const auto& item : set->items) counters_.left_out += item != nullptr;
    }
    return std::nullopt;
  }

  [[nodiscard]] const FramesetCounters& counters() const noexcept { return counters_; }

 private:
  static constexpr std::size_t kMostWaiting = 32;
  static constexpr Nanoseconds kClocksAgree = std::chrono::milliseconds(100);

  struct Waiting {
    FrameTimes times;
    Item item;
  };
  struct Queue {
    std::deque<Waiting> items;
    std::optional<Nanoseconds> last;  // newest capture time
    std::optional<Nanoseconds> bias;  // capture - device
  };

  static bool agree(Nanoseconds a, Nanoseconds b) noexcept {
    return std::chrono::abs(a - b) <= kClocksAgree;
  }

  void restart() {
    for (auto& queue : queues_) {
      counters_.left_out += queue.items.size();
      queue.items.clear();
      queue.last.reset();
      queue.bias.reset();
    }
  }

  // The device's clock is better, where it is one and the same for all streams.
  [[nodiscard]] bool one_device_clock() const noexcept {
    const auto& first = queues_.front().bias;
    return std::all_of(queues_.begin(), queues_.end(), [&](const Queue& queue) {
      return queue.bias && first && agree(*queue.bias, *first);
    });
  }

  std::optional<Set> take() {
    const bool device = one_device_clock();
    const auto time = [&](const Queue& queue, const Waiting& waiting) {
      return device ? waiting.times.device.value_or(waiting.times.capture - *queue.bias)
                    : waiting.times.capture;
    };
    std::optional<Nanoseconds> first, newest;
    for (const auto& queue : queues_) {
      if (queue.items.empty()) continue;
      const auto head = time(queue, queue.items.front());
      const auto tail = time(queue, queue.items.back());
      first = first ? std::min(*first, head) : head;
      newest = newest ? std::max(*newest, tail) : tail;
    }
    if (!first) return std::nullopt;
    const bool late = *newest - *first >= patience_;
    for (const auto& queue : queues_)
      if (queue.items.empty() && !late) return std::nullopt;
    Set set;
    set.complete = true;
    set.earliest = Nanoseconds::max();
    Nanoseconds last = *first;
    for (auto& queue : queues_) {
      Item item{};
      if (!queue.items.empty() && time(queue, queue.items.front()) - *first <= tolerance_) {
        last = std::max(last, time(queue, queue.items.front()));
        set.earliest = std::min(set.earliest, queue.items.front().times.capture);
        item = std::move(queue.items.front().item);
        queue.items.pop_front();
      } else {
        set.complete = false;
      }
      set.items.push_back(std::move(item));
    }
    set.skew = last - *first;
    return set;
  }

  std::vector<Queue> queues_;
  const Nanoseconds tolerance_;
  const Nanoseconds patience_;
  FramesetCounters counters_;
};

/// Half of the shortest interval, and two of the longest; 30 Hz where a rate is unknown.
struct FramesetTiming {
  Nanoseconds tolerance{};
  Nanoseconds patience{};
};
[[nodiscard]] FramesetTiming frameset_timing(const std::vector<double>& rates_hz) noexcept;

}  // namespace lenswire::frame
