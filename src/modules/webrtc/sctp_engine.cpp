#include "modules/webrtc/sctp_engine.hpp"

#include <usrsctp.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/thread.hpp"
#include "modules/webrtc/sctp.hpp"

namespace lenswire::webrtc {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTimerPeriod = 10ms;
// libusrsctp still tidies up after the last association's end.
constexpr auto kTimerLinger = 3s;

int write_packet(void* address, void* packet, std::size_t size, std::uint8_t, std::uint8_t) {
  const auto found = SctpEngine::instance().find(reinterpret_cast<std::uintptr_t>(address));
  if (found) found->output({static_cast<const std::byte*>(packet), size});
  return 0;
}

void tune() {
  // Messages are of hundreds of kilobytes: a queue of chunks must hold some.
  usrsctp_sysctl_set_sctp_max_chunks_on_queue(10 << 10);
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  // A packet that belongs to nothing gets no answer.
  usrsctp_sysctl_set_sctp_blackhole(2);
  usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
  usrsctp_sysctl_set_sctp_initial_cwnd(10);
  usrsctp_sysctl_set_sctp_max_burst_default(10);
  usrsctp_sysctl_set_sctp_fr_max_burst_default(4);
  // A receiver that is slow for a moment loses the same chunk often; the peer's silence ends it, no
  // count.
  usrsctp_sysctl_set_sctp_max_retran_chunk(0);
  // An ABORT says why (protocol violation, with a text).
  usrsctp_sysctl_set_sctp_diag_info_code(13);
  // For local networks and the internet alike; the defaults are those of telephone exchanges.
  usrsctp_sysctl_set_sctp_rto_min_default(200);
  usrsctp_sysctl_set_sctp_rto_initial_default(1000);
  usrsctp_sysctl_set_sctp_rto_max_default(10'000);
  usrsctp_sysctl_set_sctp_init_rto_max_default(10'000);
}

}  // namespace

SctpEngine& SctpEngine::instance() {
  // Never destroyed: its thread and libusrsctp's memory last as long as the process.
  static SctpEngine* const engine = new SctpEngine;
  return *engine;
}

SctpEngine::SctpEngine() {
  // Its own threads would open raw sockets where the process may.
  usrsctp_init_nothreads(0, write_packet, nullptr);
  tune();
  std::thread([this] {
    base::set_thread_name("lw-rtc-timer");
    run_timers();
  }).detach();
}

void SctpEngine::run_timers() {
  auto last_use = Clock::now();
  auto before = last_use;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      if (!associations_.empty()) last_use = Clock::now();
      const bool rest = Clock::now() - last_use > kTimerLinger;
      if (rest) {
        while (associations_.empty()) changed_.wait(mutex_);
        before = last_use = Clock::now();
      } else {
        changed_.wait_until(mutex_, Clock::now() + kTimerPeriod);
      }
    }
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - before);
    if (passed <= 0ms) continue;
    before += passed;
    usrsctp_handle_timers(static_cast<std::uint32_t>(passed.count()));
  }
}

std::uintptr_t SctpEngine::add(const std::shared_ptr<SctpAssociation>& association) {
  base::MutexLock lock(mutex_);
  const auto id = ++last_id_;
  associations_.emplace(id, association);
  if (associations_.size() == 1) changed_.notify_one();
  return id;
}

void SctpEngine::remove(std::uintptr_t id) {
  base::MutexLock lock(mutex_);
  associations_.erase(id);
}

std::shared_ptr<SctpAssociation> SctpEngine::find(std::uintptr_t id) {
  base::MutexLock lock(mutex_);
  const auto found = associations_.find(id);
  return found == associations_.end() ? nullptr : found->second.lock();
}

}  // namespace lenswire::webrtc
