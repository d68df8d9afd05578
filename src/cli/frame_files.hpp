// frame_files.hpp - received frames as files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/client.hpp>
#include <nlohmann/json_fwd.hpp>

#include "base/unique_fd.hpp"
#include "cli/point_cloud.hpp"
#include "codec/codec.hpp"

namespace lenswire::cli {

enum class FileFormat { Png, Jpg, Raw, Ply, Json };

[[nodiscard]] std::string_view extension(FileFormat format) noexcept;

/// "png", "jpg", "raw", "ply" or "json".
[[nodiscard]] FileFormat file_format(const std::string& name);

/// What a stream becomes when nothing else was asked for: colour JPEG, depth exact, skeletons JSON.
[[nodiscard]] FileFormat usual_format(const StreamProfile& profile) noexcept;

/// Whether such files can be made of this stream.
/// Errors: InvalidArgument, saying why not and what to use instead.
Result<void> check_format(const StreamProfile& profile, FileFormat format);

/// Writes a folder of pictures and `frames.jsonl`, one line for each picture that is complete.
///
/// Threading: thread-bound.
class FrameFiles {
 public:
  /// Makes the folder where it is missing, and a new frames.jsonl.
  /// Errors: PermissionDenied, InvalidArgument: the folder, by name.
  static Result<FrameFiles> open(std::filesystem::path folder);

  /// Writes CAMERA-STREAM-SEQUENCE.EXT under a temporary name, renames it, and adds the line.
  Result<void> write(const ReceivedFrame& received, const std::string& camera, FileFormat format);

  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }

 private:
  FrameFiles(std::filesystem::path folder, base::UniqueFd index)
      : folder_(std::move(folder)), index_(std::move(index)) {}
  Result<void> contents(const Frame& frame, const ReceivedFrame& received, FileFormat format);

  std::filesystem::path folder_;
  base::UniqueFd index_;
  std::uint64_t bytes_written_ = 0;
  std::unique_ptr<codec::Encoder> png_;
  std::unique_ptr<codec::Encoder> jpeg_;
  std::unique_ptr<codec::Encoder> json_;
  PointMaker points_;
  std::vector<std::byte> encoded_;
};

/// What frames.jsonl and `--json` say of a frame.
[[nodiscard]] nlohmann::json describe(const ReceivedFrame& received, const std::string& camera);

[[nodiscard]] nlohmann::json to_json(const MissedList& missed);

}  // namespace lenswire::cli
