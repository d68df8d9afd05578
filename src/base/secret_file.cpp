#include "base/secret_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.hpp"

namespace lenswire::base {
namespace {

constexpr std::size_t kMaxSecretBytes = 4096;

}  // namespace

Result<std::string> read_secret_file(const std::string& path, std::string_view what) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd)
    return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::PermissionDenied,
                fmt::format("{} file {} cannot be read ({}); check path and owner", what, path,
                            std::strerror(errno)));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidArgument, fmt::format("{} file {} is no plain file", what, path));
  const bool own = status.st_uid == ::geteuid() || status.st_uid == 0;
  if (!own || (status.st_mode & 077) != 0)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("{} file {} can be read by other users; make it yours alone with "
                            "`chmod 600`",
                            what, path));
  std::string text(kMaxSecretBytes + 1, '\0');
  const auto got = ::read(fd.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool too_long = text.size() > kMaxSecretBytes;
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty() || too_long)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} file {} must hold one line of 1 to 4096 bytes", what, path));
  return text;
}

}  // namespace lenswire::base
