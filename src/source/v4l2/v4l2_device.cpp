#include "source/v4l2/v4l2_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.hpp"

namespace lenswire::source::v4l2 {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kVideoMajor = 81;  // Documentation/admin-guide/devices.txt

class KernelDevice final : public Device {
 public:
  explicit KernelDevice(base::UniqueFd fd) noexcept : fd_(std::move(fd)) {}

  int ioctl(unsigned long request, void* argument) noexcept override {
    while (::ioctl(fd_.get(), request, argument) < 0)
      if (errno != EINTR) return errno;
    return 0;
  }

  std::byte* map(std::size_t length, std::uint32_t offset) noexcept override {
    void* start = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd_.get(), offset);
    return start == MAP_FAILED ? nullptr : static_cast<std::byte*>(start);
  }
  void unmap(std::byte* start, std::size_t length) noexcept override { ::munmap(start, length); }

  Readiness poll(int stop_fd, Nanoseconds timeout) noexcept override {
    pollfd set[] = {{fd_.get(), POLLIN | POLLPRI, 0}, {stop_fd, POLLIN, 0}};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec wait{seconds.count(), (timeout - seconds).count()};
    // An interrupted wait counts as a timeout: the caller waits again.
    if (::ppoll(set, 2, &wait, nullptr) <= 0) return {};
    return {.stop = set[1].revents != 0,
            .frame = (set[0].revents & POLLIN) != 0,
            .event = (set[0].revents & POLLPRI) != 0,
            .error = (set[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0};
  }

 private:
  base::UniqueFd fd_;
};

std::optional<int> video_number(std::string_view name) {
  if (!name.starts_with("video")) return std::nullopt;
  name.remove_prefix(5);
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// How many descriptors of the process refer to this device.
int descriptors_on(const fs::path& process, dev_t device) {
  int count = 0;
  std::error_code ignored;
  for (fs::directory_iterator fd(process / "fd", ignored), end; !ignored && fd != end;
       fd.increment(ignored)) {
    const auto target = fs::read_symlink(fd->path(), ignored);
    if (ignored || !target.native().starts_with("/dev/video")) continue;
    struct stat status {};
    if (::stat(fd->path().c_str(), &status) == 0 && S_ISCHR(status.st_mode) &&
        status.st_rdev == device)
      ++count;
  }
  return count;
}

class Kernel final : public System {
 public:
  OpenedDevice open(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return {nullptr, errno};
    if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != kVideoMajor) return {nullptr, ENOTTY};
    base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return {nullptr, errno};
    return {std::make_unique<KernelDevice>(std::move(fd)), 0};
  }

  std::optional<NodeFile> node(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return std::nullopt;
    return NodeFile{path, fmt::format("{}/{}/{}.{}", status.st_rdev, status.st_ino,
                                      status.st_ctim.tv_sec, status.st_ctim.tv_nsec)};
  }

  std::vector<NodeFile> nodes() override {
    std::vector<int> numbers;
    std::error_code ignored;
    for (fs::directory_iterator entry("/dev", ignored), end; !ignored && entry != end;
         entry.increment(ignored))
      if (const auto number = video_number(entry->path().filename().native()))
        numbers.push_back(*number);
    std::sort(numbers.begin(), numbers.end());
    std::vector<NodeFile> found;
    for (const int number : numbers)
      if (auto file = node(fmt::format("/dev/video{}", number))) found.push_back(std::move(*file));
    return found;
  }

  std::string holder(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return {};
    std::error_code ignored;
    bool self_too = false;
    for (fs::directory_iterator process("/proc", ignored), end; !ignored && process != end;
         process.increment(ignored)) {
      const auto name = process->path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const int count = descriptors_on(process->path(), status.st_rdev);
      if (name == std::to_string(::getpid()))
        self_too = count > 1;  // whoever asks has the node open once itself
      else if (count > 0)
        return fmt::format("{} (pid {})", first_line(process->path() / "comm"), name);
    }
    return self_too ? "another camera of this very program" : "";
  }

  std::string serial(const std::string& path) override {
    return attribute(path, "device/../serial");
  }

  int index(const std::string& path) override {
    const auto text = attribute(path, "index");
    int number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  std::vector<std::string> links(const std::string& path) override {
    struct stat wanted {};
    if (::stat(path.c_str(), &wanted) < 0) return {};
    std::vector<std::string> found;
    for (const std::string_view kind : {"by-id", "by-path"}) {
      std::error_code ignored;
      for (fs::directory_iterator link(fs::path(kLinkFolder) / kind, ignored), end;
           !ignored && link != end; link.increment(ignored)) {
        struct stat status {};
        if (::stat(link->path().c_str(), &status) == 0 && status.st_rdev == wanted.st_rdev &&
            S_ISCHR(status.st_mode))
          found.push_back(fmt::format("{}/{}", kind, link->path().filename().native()));
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  static std::string attribute(const std::string& path, const char* name) {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return {};
    return first_line(
        fmt::format("/sys/dev/char/{}:{}/{}", major(status.st_rdev), minor(status.st_rdev), name));
  }
};

}  // namespace

System& kernel() noexcept {
  static Kernel instance;
  return instance;
}

}  // namespace lenswire::source::v4l2
