#include "source/picture_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>

#include "base/unique_fd.hpp"
#include "codec/jpeg/jpeg_scan.hpp"
#include "codec/png/png_file.hpp"

namespace lenswire::source {
namespace {

Error open_error(const std::filesystem::path& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {ErrorCode::NotFound, fmt::format("{} does not exist; check the path", path.string())};
    case EACCES:
    case EPERM:
      return {ErrorCode::PermissionDenied,
              fmt::format("{} may not be read by this user; change its permissions (chmod) or run "
                          "as its owner",
                          path.string())};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::Busy, fmt::format("{}: too many open files", path.string())};
    default:
      return {ErrorCode::Disconnected, fmt::format("{} cannot be read: {}", path.string(),
                                                   std::generic_category().message(error))};
  }
}

/// Fills `out` as far as the file goes. Answers how many bytes there were.
Result<std::size_t> read_fully(int fd, std::span<std::byte> out,
                               const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto got = ::read(fd, out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(open_error(path, errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<base::UniqueFd> open_to_read(const std::filesystem::path& path, bool folder) {
  // O_NONBLOCK: a FIFO with nobody at its other end must not hold us.
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail(open_error(path, errno));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail(open_error(path, errno));
  if (folder && !S_ISDIR(status.st_mode))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is not a folder; replay: takes a folder of depth_NNN.png and "
                            "color_NNN.jpg, and image: a single picture",
                            path.string()));
  if (!folder && S_ISDIR(status.st_mode))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is a folder; image: takes a single picture, and replay: a folder",
                            path.string()));
  if (!folder && !S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is not a file", path.string()));
  return fd;
}

Result<frame::Image> load_jpeg(int fd, std::uintmax_t size, std::span<const std::byte> start,
                               const std::filesystem::path& path) {
  if (size > kMaxJpegFileBytes)
    return fail(ErrorCode::Unsupported, fmt::format("{} has {} bytes; the most for a JPEG is {}",
                                                    path.string(), size, kMaxJpegFileBytes));
  frame::Image image;
  image.format = PixelFormat::JPEG;
  image.data.resize(std::max<std::size_t>(static_cast<std::size_t>(size), start.size()));
  std::memcpy(image.data.data(), start.data(), start.size());
  const auto rest = read_fully(fd, std::span(image.data).subspan(start.size()), path);
  if (!rest) return fail(rest.error());
  image.data.resize(start.size() + *rest);
  const auto summary = codec::scan_jpeg(image.data);
  if (!summary)
    return fail(summary.error().code,
                fmt::format("{}: {}", path.string(), summary.error().message));
  if (!summary->complete)
    return fail(ErrorCode::Truncated,
                fmt::format("{} is cut short: a JPEG without its end mark", path.string()));
  image.width = summary->width;
  image.height = summary->height;
  return image;
}

/// Of a source, Closed means that it has played to its end, which a bad disk does not.
Result<frame::Image> without_closed(Result<frame::Image> image) {
  if (!image && image.error().code == ErrorCode::Closed)
    image.error().code = ErrorCode::Disconnected;
  return image;
}

}  // namespace

Result<frame::Image> load_picture(const std::filesystem::path& path) {
  auto fd = open_to_read(path, false);
  if (!fd) return fail(fd.error());
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) return fail(open_error(path, errno));
  std::array<std::byte, 8> start{};
  const auto got = read_fully(fd->get(), start, path);
  if (!got) return fail(got.error());
  constexpr std::array<std::uint8_t, 8> kPng = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
  if (*got == start.size() && std::memcmp(start.data(), kPng.data(), kPng.size()) == 0)
    return without_closed(codec::read_png(path));
  if (*got >= 2 && start[0] == std::byte{0xff} && start[1] == std::byte{0xd8})
    return load_jpeg(fd->get(), static_cast<std::uintmax_t>(status.st_size),
                     std::span(start).first(*got), path);
  return fail(ErrorCode::InvalidArgument,
              *got == 0 ? fmt::format("{} is empty", path.string())
                        : fmt::format("{} is neither a PNG nor a JPEG", path.string()));
}

Result<void> check_folder(const std::filesystem::path& path) {
  if (const auto fd = open_to_read(path, true); !fd) return fail(fd.error());
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0)
    return fail(open_error(path, errno));
  return {};
}

Result<void> check_file(const std::filesystem::path& path) {
  if (const auto fd = open_to_read(path, false); !fd) return fail(fd.error());
  return {};
}

}  // namespace lenswire::source
