#include "server/loop_fanout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "server/multipart.hpp"

namespace lenswire::server {

LoopFanout::LoopFanout(net::IoThread& thread, hub::StreamHub& stream, hub::Wish wish)
    : stream_(stream), wish_(std::move(wish)), wakeup_(thread, [this] { drain(); }) {
  queue_.reserve(kFanoutQueueFrames);
  draining_.reserve(kFanoutQueueFrames);
}

Result<void> LoopFanout::join(FrameReceiver& receiver) {
  if (receiver.wants_every_frame()) every_ = true;
  receivers_.push_back(&receiver);
  if (receivers_.size() > 1) {
    // What is left of a source that has been closed meanwhile is no picture of now.
    if (newest_ && stream_.has_frame()) receiver.offer(newest_, {});
    return {};
  }
  auto attachment = stream_.attach(wish_, *this);
  if (!attachment) {
    receivers_.pop_back();
    return fail(std::move(attachment).error());
  }
  attachment_ = std::move(*attachment);
  return {};
}

void LoopFanout::leave(FrameReceiver& receiver) {
  const auto found = std::find(receivers_.begin(), receivers_.end(), &receiver);
  if (found == receivers_.end()) return;
  if (walking_)
    *found = nullptr;
  else
    receivers_.erase(found);
  if (receivers_.empty()) return detach();
  every_ = std::any_of(receivers_.begin(), receivers_.end(),
                       [](const auto* r) { return r && r->wants_every_frame(); });
}

// At once, not when the fan-out goes: nobody may be encoded for who has left.
void LoopFanout::detach() {
  attachment_.reset();
  every_ = false;
  newest_ = nullptr;
  head_frame_ = nullptr;
  base::MutexLock lock(mutex_);
  queue_.clear();
  refusal_.reset();
}

void LoopFanout::deliver(const hub::EncodedFramePtr& frame) {
  {
    base::MutexLock lock(mutex_);
    if (queue_.size() >= kFanoutQueueFrames) {
      auto& oldest = queue_.front();
      MissedList lost = oldest.lost;
      lost.add(oldest.frame->preceding);
      lost.add(MissReason::ServerBusy, oldest.frame->sequence(), 1);
      queue_.erase(queue_.begin());
      lost.add(queue_.front().lost);
      queue_.front().lost = lost;
    }
    queue_.push_back({frame, {}});
  }
  wakeup_.signal();
}

void LoopFanout::refused(const Error& reason) {
  {
    base::MutexLock lock(mutex_);
    refusal_ = reason;
  }
  wakeup_.signal();
}

void LoopFanout::drain() {
  std::optional<Error> refusal;
  {
    base::MutexLock lock(mutex_);
    draining_.swap(queue_);
    refusal.swap(refusal_);
  }
  walking_ = true;
  for (const auto& item : draining_) {
    newest_ = item.frame;
    // Indices, not iterators: offer() may make a session that joins. Who does so gets this frame
    // from join().
    const auto count = receivers_.size();
    for (std::size_t i = 0; i < count; ++i)
      if (auto* receiver = receivers_[i]) receiver->offer(item.frame, item.lost);
  }
  if (refusal) {
    newest_ = nullptr;
    const auto count = receivers_.size();
    for (std::size_t i = 0; i < count; ++i)
      if (auto* receiver = receivers_[i]) receiver->ended(*refusal);
  }
  walking_ = false;
  draining_.clear();
  std::erase(receivers_, nullptr);
  if (receivers_.empty()) detach();
}

const std::string& LoopFanout::part_head(const hub::EncodedFrame& frame) {
  if (head_frame_.get() != &frame) {
    head_ = multipart_head(frame);
    head_frame_ = newest_.get() == &frame ? newest_ : nullptr;
  }
  return head_;
}

}  // namespace lenswire::server
