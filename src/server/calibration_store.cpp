#include "server/calibration_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <nlohmann/json.hpp>

#include "base/unique_fd.hpp"
#include "base/uri.hpp"
#include "server/access.hpp"
#include "wire/calibration/calibration_map.hpp"
#include "wire/depth_limit.hpp"

namespace lenswire::server {
namespace {

auto write_failure(const std::string& file, int error) {
  return fail(error == ENOSPC || error == EDQUOT || error == EIO ? ErrorCode::Busy
                                                                 : ErrorCode::PermissionDenied,
              fmt::format("cannot write the calibration {}: {}; make room, or give the server "
                          "another folder with --calibration-dir",
                          file, std::strerror(error)));
}

}  // namespace

CalibrationStore::CalibrationStore(std::string folder, std::string camera)
    : folder_(std::move(folder)), file_(folder_ + "/" + camera + ".json") {}

Result<void> CalibrationStore::load() {
  if (folder_.empty()) return {};
  const auto wrong = [this](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{}: {}; mend the file or delete it", file_, why));
  };
  base::UniqueFd fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return wrong(ErrorCode::PermissionDenied, std::strerror(errno));
  std::string text(wire::kMaxCalibrationBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return wrong(ErrorCode::PermissionDenied, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  if (size > wire::kMaxCalibrationBytes)
    return wrong(ErrorCode::InvalidArgument, "more than 64 KiB");
  const auto map = wire::parse_json_object(text);
  if (!map) return wrong(ErrorCode::InvalidArgument, map.error().message);
  Calibrations read;
  for (const auto& [stream, entry] : map->items()) {
    if (!base::is_valid_name(stream)) return wrong(ErrorCode::InvalidArgument, "no stream's name");
    auto calibration = wire::calibration_from_map(entry);
    if (!calibration) return wrong(ErrorCode::InvalidArgument, calibration.error().message);
    read.emplace(stream, std::move(*calibration));
  }
  base::MutexLock lock(mutex_);
  calibrations_ = std::move(read);
  return {};
}

std::optional<StreamCalibration> CalibrationStore::find(std::string_view stream) const {
  base::MutexLock lock(mutex_);
  const auto found = calibrations_.find(stream);
  if (found == calibrations_.end()) return std::nullopt;
  return found->second;
}

std::optional<StreamCalibration> CalibrationStore::merged(
    std::string_view stream, const std::optional<StreamCalibration>& changes) const {
  if (!changes) return std::nullopt;
  StreamCalibration out;
  if (const auto found = calibrations_.find(stream); found != calibrations_.end())
    out = found->second;
  if (changes->intrinsics) out.intrinsics = changes->intrinsics;
  if (changes->reference_from_stream) out.reference_from_stream = changes->reference_from_stream;
  if (changes->depth_unit_m) out.depth_unit_m = changes->depth_unit_m;
  return out;
}

std::optional<StreamCalibration> CalibrationStore::changed(
    std::string_view stream, const std::optional<StreamCalibration>& changes) const {
  base::MutexLock lock(mutex_);
  return merged(stream, changes);
}

Result<void> CalibrationStore::save(std::string_view stream,
                                    const std::optional<StreamCalibration>& changes) {
  if (folder_.empty())
    return fail(ErrorCode::Unsupported,
                "this server has no folder to keep calibrations in; start it with "
                "--calibration-dir or --state-dir");
  base::MutexLock lock(mutex_);
  auto next = calibrations_;
  if (auto now = merged(stream, changes))
    next.insert_or_assign(std::string(stream), std::move(*now));
  else
    next.erase(std::string(stream));
  if (auto written = write(next); !written) return written;
  calibrations_ = std::move(next);
  return {};
}

Result<void> CalibrationStore::write(const Calibrations& calibrations) const {
  if (auto made = make_private_folder(folder_); !made) return made;
  auto map = nlohmann::json::object();
  for (const auto& [stream, calibration] : calibrations) map[stream] = wire::to_map(calibration);
  const auto text = map.dump(2) + "\n";
  const auto temporary = file_ + ".part";
  {
    base::UniqueFd fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return write_failure(file_, errno);
    std::size_t done = 0;
    while (done < text.size()) {
      const auto written = ::write(fd.get(), text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return write_failure(file_, errno);
      done += static_cast<std::size_t>(written);
    }
    if (::fsync(fd.get()) != 0) return write_failure(file_, errno);
  }
  if (::rename(temporary.c_str(), file_.c_str()) != 0) return write_failure(file_, errno);
  base::UniqueFd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return write_failure(file_, errno);
  return {};
}

}  // namespace lenswire::server
