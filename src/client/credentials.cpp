#include "client/credentials.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.hpp"

namespace lenswire::client {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;

}  // namespace

Result<std::string> read_token(const ClientSettings& settings) {
  if (!settings.token.empty() || settings.token_file.empty()) return settings.token;
  const auto& path = settings.token_file;
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd)
    return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::PermissionDenied,
                fmt::format("token file {} cannot be read ({}); check path and owner", path,
                            std::strerror(errno)));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidArgument, fmt::format("token file {} is no plain file", path));
  const bool own = status.st_uid == ::geteuid() || status.st_uid == 0;
  if (!own || (status.st_mode & 077) != 0)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("token file {} can be read by other users; make it yours alone with "
                            "`chmod 600`",
                            path));
  std::string text(kMaxTokenBytes + 1, '\0');
  const auto got = ::read(fd.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool too_long = text.size() > kMaxTokenBytes;
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty() || too_long)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("token file {} must hold one line of 1 to 4096 bytes", path));
  return text;
}

}  // namespace lenswire::client
