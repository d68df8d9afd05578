#include "server/calibration_store.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/uri.hpp"
#include "server/private_file.hpp"
#include "wire/calibration/calibration_map.hpp"
#include "wire/depth_limit.hpp"

namespace lenswire::server {

CalibrationStore::CalibrationStore(std::string folder, std::string camera)
    : folder_(std::move(folder)), file_(folder_ + "/" + camera + ".json") {}

Result<void> CalibrationStore::load() {
  if (folder_.empty()) return {};
  const auto wrong = [this](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("{}: {}; mend the file or delete it", file_, why));
  };
  const auto text = read_private_file(file_, wire::kMaxCalibrationBytes);
  if (!text) return fail(text.error().code, text.error().message + "; mend the file or delete it");
  if (!*text) return {};
  const auto map = wire::parse_json_object(**text);
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
    std::string_view stream, const std::optional<StreamCalibration>& changes,
    CalibrationChange change) const {
  if (!changes) return std::nullopt;
  if (change == CalibrationChange::Replace) return changes;
  StreamCalibration out;
  if (const auto found = calibrations_.find(stream); found != calibrations_.end())
    out = found->second;
  if (changes->intrinsics) out.intrinsics = changes->intrinsics;
  if (changes->reference_from_stream) out.reference_from_stream = changes->reference_from_stream;
  if (changes->depth_unit_m) out.depth_unit_m = changes->depth_unit_m;
  return out;
}

std::optional<StreamCalibration> CalibrationStore::changed(
    std::string_view stream, const std::optional<StreamCalibration>& changes,
    CalibrationChange change) const {
  base::MutexLock lock(mutex_);
  return merged(stream, changes, change);
}

Result<void> CalibrationStore::save(std::string_view stream,
                                    const std::optional<StreamCalibration>& changes,
                                    CalibrationChange change) {
  if (folder_.empty())
    return fail(ErrorCode::Unsupported,
                "this server has no folder to keep calibrations in; start it with "
                "--calibration-dir or --state-dir");
  base::MutexLock lock(mutex_);
  auto next = calibrations_;
  if (auto now = merged(stream, changes, change))
    next.insert_or_assign(std::string(stream), std::move(*now));
  else
    next.erase(std::string(stream));
  if (auto written = write(next); !written) return written;
  calibrations_ = std::move(next);
  return {};
}

Result<void> CalibrationStore::write(const Calibrations& calibrations) const {
  auto map = nlohmann::json::object();
  for (const auto& [stream, calibration] : calibrations) map[stream] = wire::to_map(calibration);
  const auto written = write_private_file(file_, map.dump(2) + "\n");
  if (!written)
    return fail(written.error().code,
                written.error().message +
                    "; make room, or give the server another folder with --calibration-dir");
  return {};
}

}  // namespace lenswire::server
