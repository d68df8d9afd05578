#include "server/private_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.hpp"
#include "server/access.hpp"

namespace lenswire::server {
namespace {

auto write_failure(const std::string& file, int error) {
  return fail(error == ENOSPC || error == EDQUOT || error == EIO ? ErrorCode::Busy
                                                                 : ErrorCode::PermissionDenied,
              fmt::format("cannot write {}: {}", file, std::strerror(error)));
}

// 0 or an errno value.
int write_synced(const std::string& file, std::string_view text) {
  base::UniqueFd fd(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno;
  while (!text.empty()) {
    const auto written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd.get()) != 0 ? errno : 0;
}

}  // namespace

Result<std::optional<std::string>> read_private_file(const std::string& file,
                                                     std::size_t max_bytes) {
  const auto wrong = [&file](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{}: {}", file, why));
  };
  // O_NONBLOCK: a FIFO by mistake must not hang the program.
  const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::optional<std::string>();
  if (!fd) return wrong(ErrorCode::PermissionDenied, std::strerror(errno));
  std::string text(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return wrong(ErrorCode::PermissionDenied, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes)
    return wrong(ErrorCode::InvalidArgument, fmt::format("more than {} KiB", max_bytes / 1024));
  text.resize(size);
  return std::optional(std::move(text));
}

Result<void> write_private_file(const std::string& file, std::string_view text) {
  const auto folder = file.substr(0, file.find_last_of('/'));
  if (auto made = make_private_folder(folder); !made) return made;
  const auto temporary = file + ".part";
  int error = write_synced(temporary, text);
  if (error == 0 && ::rename(temporary.c_str(), file.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    return write_failure(file, error);
  }
  const base::UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) return write_failure(file, errno);
  return {};
}

}  // namespace lenswire::server
