// calibration_store.hpp - the calibrations that users gave to one camera, in a file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>
#include <lenswire/stream_calibration.hpp>

#include "base/mutex.hpp"

namespace lenswire::server {

/// What becomes of the parts that a given calibration lacks.
enum class CalibrationChange : std::uint8_t {
  Merge,    ///< they stay as they were given before
  Replace,  ///< they are the device's own again
};

/// Keeps FOLDER/CAMERA.json: a map from stream to calibration, as docs/protocol.md has it.
///
/// Threading: thread-safe. save() waits for the disk.
class CalibrationStore {
 public:
  /// Without a folder it holds nothing and saves nothing.
  CalibrationStore(std::string folder, std::string camera);

  /// Reads the file where there is one.
  /// Errors: InvalidArgument or PermissionDenied, naming the file; nothing is held then.
  Result<void> load();

  [[nodiscard]] std::optional<StreamCalibration> find(std::string_view stream) const;

  /// What the stream would have with these changes; nothing at all = the device's own again.
  [[nodiscard]] std::optional<StreamCalibration> changed(
      std::string_view stream, const std::optional<StreamCalibration>& changes,
      CalibrationChange change) const;

  /// Makes the change last: when it returns a value, the file is on the disk.
  /// Errors: Unsupported without a folder; PermissionDenied or Busy when it can't be written.
  Result<void> save(std::string_view stream, const std::optional<StreamCalibration>& changes,
                    CalibrationChange change);

 private:
  using Calibrations = std::map<std::string, StreamCalibration, std::less<>>;

  [[nodiscard]] std::optional<StreamCalibration> merged(
      std::string_view stream, const std::optional<StreamCalibration>& changes,
      CalibrationChange change) const LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] Result<void> write(const Calibrations& calibrations) const;

  const std::string folder_;
  const std::string file_;
  mutable base::Mutex mutex_;
  Calibrations calibrations_ LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server
