#include "source/driver/driver_process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/module.hpp"

namespace lenswire::source::driver {
namespace {

constexpr std::string_view kModulePath = "LENSWIRE_MODULE_PATH=";

struct Place {
  std::string folder;
  std::string program;
};

Result<Place> find_program() {
  const auto folders = base::module_folders();
  for (const auto& folder : folders) {
    auto program = fmt::format("{}/{}", folder, kDriverProgram);
    if (::access(program.c_str(), X_OK) == 0) return Place{folder, std::move(program)};
  }
  return fail(ErrorCode::NotFound,
              fmt::format("the program {} is not installed (looked in {}); it belongs to the "
                          "modules openni2 and freenect",
                          kDriverProgram, fmt::join(folders, ", ")));
}

// Ours, with the modules that lie beside the program.
std::vector<std::string> environment_with(const std::string& folder) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with(kModulePath)) out.emplace_back(*entry);
  out.push_back(fmt::format("{}{}", kModulePath, folder));
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

class SpawnSettings {
 public:
  explicit SpawnSettings(int channel) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, channel, kDriverChannel);
    // What drivers print must not get into what we print.
    ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    // A Ctrl-C at the terminal is for the server, which ends its drivers in order.
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const char* name = ::sigabbrev_np(signal);
    return fmt::format("was killed by SIG{} ({})", name != nullptr ? name : "?",
                       ::strsignal(signal));
  }
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace

Result<std::unique_ptr<DriverProcess>> DriverProcess::start(std::string_view scheme) {
  const auto place = find_program();
  if (!place) return fail(place.error());
  auto pair = Channel::make_pair();
  if (!pair) return fail(pair.error());

  const SpawnSettings settings(pair->theirs.get());
  std::vector<std::string> arguments = {place->program, std::string(scheme)};
  auto environment = environment_with(place->folder);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, place->program.c_str(), &settings.actions_, &settings.attributes_,
                    pointers_to(arguments).data(), pointers_to(environment).data());
  if (error != 0)
    return fail(ErrorCode::Busy,
                fmt::format("{} does not start: {}", place->program, std::strerror(error)));
  return std::unique_ptr<DriverProcess>(new DriverProcess(std::move(pair->ours), pid));
}

std::string DriverProcess::end(Nanoseconds grace) {
  if (ended_) return how_;
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd wait{process.get(), POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + grace;
  bool over = false;
  while (process && !over) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    over = ::poll(&wait, 1, static_cast<int>(left.count())) > 0;
  }
  if (!over) ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  how_ = over ? describe_end(status) : "did not end and was killed";
  return how_;
}

DriverProcess::~DriverProcess() { end(Nanoseconds::zero()); }

}  // namespace lenswire::source::driver
