#include "codec/png/png_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.hpp"
#include "codec/png/png_reader.hpp"
#include "codec/png/png_writer.hpp"

namespace lenswire::codec {
namespace {

tl::unexpected<Error> system_failure(const std::filesystem::path& path, int error) {
  ErrorCode code = ErrorCode::Closed;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::NotFound;
  if (error == EACCES || error == EPERM || error == EROFS) code = ErrorCode::PermissionDenied;
  if (error == EISDIR) code = ErrorCode::InvalidArgument;
  return fail(code, path.string() + ": " + std::generic_category().message(error));
}

Result<std::vector<std::byte>> read_file(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO by mistake must not hang the source thread.
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return system_failure(path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_failure(path, errno);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidArgument, path.string() + ": not a file");
  if (static_cast<std::uint64_t>(status.st_size) > kMaxFrameBytes)
    return fail(ErrorCode::InvalidArgument, path.string() + ": too large for a frame");
  std::vector<std::byte> data(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < data.size()) {
    const ssize_t got = ::read(fd.get(), data.data() + have, data.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(path, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  data.resize(have);
  return data;
}

}  // namespace

Result<frame::Image> read_png(const std::filesystem::path& path) {
  const auto data = read_file(path);
  if (!data) return fail(data.error());
  if (data->empty()) return fail(ErrorCode::Truncated, path.string() + ": the file is empty");
  const auto named = [&](const Error& error) {
    return fail(error.code, path.string() + ": " + error.message);
  };
  const auto header = read_png_header(*data);
  if (!header) return named(header.error());
  frame::Image image;
  image.format = header->natural_format;
  if (const auto read = read_png_pixels(*data, image); !read) return named(read.error());
  return image;
}

Result<void> write_png(const std::filesystem::path& path, const frame::ImageView& image) {
  std::vector<std::byte> bytes;
  if (const auto written = PngWriter().write(image, bytes); !written)
    return fail(written.error().code, path.string() + ": " + written.error().message);
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return system_failure(path, errno);
  struct stat status {};
  const bool regular = ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode);
  int error = 0;
  for (std::size_t done = 0; done < bytes.size() && error == 0;) {
    const ssize_t put = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (put >= 0) done += static_cast<std::size_t>(put);
    if (put < 0 && errno != EINTR) error = errno;
  }
  if (::close(fd.release()) != 0 && error == 0) error = errno;
  if (error == 0) return {};
  if (regular) ::unlink(path.c_str());  // never a device such as /dev/full
  return system_failure(path, error);
}

}  // namespace lenswire::codec
