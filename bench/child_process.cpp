#include "bench/child_process.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <string>

namespace lenswire::bench {

void pin_to_core(int core) noexcept {
  if (core < 0 || core >= ::sysconf(_SC_NPROCESSORS_ONLN)) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

ChildServer::ChildServer(int core, const Serve& serve) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return;
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(pipe[0]);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin_to_core(core);
    serve([fd = pipe[1]](std::uint16_t port) {
      [[maybe_unused]] const auto written = ::write(fd, &port, sizeof port);
    });
    ::_exit(1);
  }
  ::close(pipe[1]);
  if (::read(pipe[0], &port_, sizeof port_) != sizeof port_) port_ = 0;
  ::close(pipe[0]);
}

ChildServer::~ChildServer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Usage ChildServer::usage() const {
  Usage usage;
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) == 0 && ::clock_gettime(clock, &time) == 0)
    usage.cpu_ns = time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  const auto path = "/proc/" + std::to_string(pid_) + "/statm";
  if (auto* file = std::fopen(path.c_str(), "r")) {
    long long total = 0;
    long long resident = 0;
    if (std::fscanf(file, "%lld %lld", &total, &resident) == 2)
      usage.resident_bytes = resident * ::sysconf(_SC_PAGESIZE);
    std::fclose(file);
  }
  return usage;
}

}  // namespace lenswire::bench
