#include "hub/encoder_pool.hpp"

#include <string>

#include "base/thread.hpp"

namespace lenswire::hub {

EncoderPool::EncoderPool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this, i] {
      base::set_thread_name("lw-encode-" + std::to_string(i));
      run();
    });
}

EncoderPool::~EncoderPool() { stop(); }

void EncoderPool::submit(std::shared_ptr<EncodeJob> job) {
  base::MutexLock lock(mutex_);
  if (stopping_) return;
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

void EncoderPool::stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
  base::MutexLock lock(mutex_);
  jobs_.clear();
}

void EncoderPool::run() {
  while (true) {
    std::shared_ptr<EncodeJob> job;
    {
      base::MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.erase(jobs_.begin());
    }
    if (job->run_once()) submit(std::move(job));
  }
}

}  // namespace lenswire::hub
