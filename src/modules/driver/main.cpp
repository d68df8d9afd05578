// lenswire-driver - runs a camera driver that might crash, for a server that must not. Started by
// the server alone, which is at the other end of descriptor 3.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/module.hpp"
#include "base/unique_fd.hpp"
#include "source/driver/driver_host.hpp"
#include "source/driver/driver_process.hpp"
#include "source/source_module.hpp"

int main(int argc, char** argv) {
  using namespace lenswire;
  if (argc != 2 || ::fcntl(source::driver::kDriverChannel, F_GETFD) < 0) {
    std::fputs("lenswire-driver is started by lenswire itself: lenswire serve --camera ...\n",
               stderr);
    return 2;
  }
  // What the camera sees is not for the disk.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_NAME, "lw-driver");
  // One that hangs notices no end of the channel, and would keep the camera from the next server.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);

  base::UniqueFd channel(source::driver::kDriverChannel);
  ::fcntl(channel.get(), F_SETFD, FD_CLOEXEC);
  const auto module = base::load_module<source::SourceModule>(argv[1]);
  if (!module)
    source::driver::refuse_driver(module.error(), std::move(channel));
  else
    source::driver::serve_driver((*module)->kinds().front(), std::move(channel));
  // Threads and exit handlers of foreign libraries are not waited for.
  std::fflush(nullptr);
  ::_exit(0);
}
