// sctp_engine.hpp - what libusrsctp has once per process: its start, its timers, its callbacks.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/mutex.hpp"

namespace lenswire::webrtc {

class SctpAssociation;

/// Starts libusrsctp at the first use, for good, with a thread for its timers that rests while
/// there is no association.
///
/// Threading: thread-safe.
class SctpEngine {
 public:
  static SctpEngine& instance();

  std::uintptr_t add(const std::shared_ptr<SctpAssociation>& association);
  void remove(std::uintptr_t id);
  [[nodiscard]] std::shared_ptr<SctpAssociation> find(std::uintptr_t id);

 private:
  SctpEngine();
  void run_timers();

  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::unordered_map<std::uintptr_t, std::weak_ptr<SctpAssociation>> associations_
      LENSWIRE_GUARDED_BY(mutex_);
  std::uintptr_t last_id_ LENSWIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace lenswire::webrtc
