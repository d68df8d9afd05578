// encoder_pool.hpp - the threads that encode.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.hpp"

namespace lenswire::hub {

/// Something with work to do, which is done in portions.
class EncodeJob {
 public:
  virtual ~EncodeJob() = default;
  /// Does one portion; true when there is more. Called by one thread at a time.
  virtual bool run_once() = 0;
};

/// A few threads that serve jobs in turn, one portion each, so that no stream starves another.
///
/// Threading: submit() thread-safe and never blocking for long; the pool outlives whoever submits.
class EncoderPool {
 public:
  explicit EncoderPool(unsigned threads);
  ~EncoderPool();  // stop()

  /// The job must not be in the pool already.
  void submit(std::shared_ptr<EncodeJob> job);
  void stop();

 private:
  void run();

  base::Mutex mutex_;
  base::ConditionVariable changed_;
  // Never longer than the number of encoded streams.
  std::vector<std::shared_ptr<EncodeJob>> jobs_ LENSWIRE_GUARDED_BY(mutex_);
  bool stopping_ LENSWIRE_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace lenswire::hub
