#include "cli/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.hpp"

namespace lenswire::cli {
namespace {

namespace fs = std::filesystem;

ErrorCode code_of(int error) noexcept {
  if (error == EACCES || error == EPERM || error == EROFS) return ErrorCode::PermissionDenied;
  if (error == ENOENT) return ErrorCode::NotFound;
  if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == EIO) return ErrorCode::Busy;
  return ErrorCode::InvalidArgument;
}

auto read_failure(const fs::path& path, int error) {
  return fail(code_of(error),
              fmt::format("{} cannot be read ({})", path.string(), std::strerror(error)));
}

}  // namespace

tl::unexpected<Error> write_failure(const fs::path& path, int error) {
  return fail(
      code_of(error),
      fmt::format("{} cannot be written ({}); choose another folder with --out, or make room",
                  path.string(), std::strerror(error)));
}

Result<void> write_all(int fd, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return write_failure(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_whole_file(const fs::path& path, std::span<const std::byte> bytes,
                              Existing existing) {
  auto temporary = path;
  temporary += ".part";
  Result<void> done;
  {
    base::UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd) return write_failure(path, errno);
    done = write_all(fd.get(), bytes, path);
    // Some file systems tell only here that they are full.
    if (::close(fd.release()) != 0 && done) done = write_failure(path, errno);
  }
  if (done) {
    const unsigned flags = existing == Existing::Refuse ? RENAME_NOREPLACE : 0;
    int error = 0;
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), flags) != 0) error = errno;
    // A file system without RENAME_NOREPLACE: link() refuses too.
    if (error == EINVAL && flags != 0)
      error =
          ::link(temporary.c_str(), path.c_str()) != 0 ? errno : (::unlink(temporary.c_str()), 0);
    if (error == EEXIST)
      done = fail(ErrorCode::InvalidArgument,
                  fmt::format("{} is there already; --force replaces it", path.string()));
    else if (error != 0)
      done = write_failure(path, error);
  }
  if (!done) ::unlink(temporary.c_str());
  return done;
}

Result<std::vector<std::byte>> read_whole_file(const fs::path& path, std::uintmax_t max_bytes) {
  // O_NONBLOCK: a FIFO by mistake must not hang the program.
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return read_failure(path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return read_failure(path, errno);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is no file", path.string()));
  if (static_cast<std::uintmax_t>(status.st_size) > max_bytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is too large for one picture", path.string()));
  std::vector<std::byte> data(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < data.size()) {
    const auto got = ::read(fd.get(), data.data() + have, data.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return read_failure(path, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  data.resize(have);
  return data;
}

}  // namespace lenswire::cli
