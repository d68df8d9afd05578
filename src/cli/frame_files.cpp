#include "cli/frame_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/point_cloud.hpp"
#include "cli/text.hpp"
#include "cli/whole_file.hpp"
#include "wire/maps.hpp"

namespace lenswire::cli {
namespace {

namespace fs = std::filesystem;

bool is_png_format(PixelFormat format) noexcept {
  return codec::find_codec(CodecId::Png)->accepts(format);
}

}  // namespace

std::string_view extension(FileFormat format) noexcept {
  switch (format) {
    case FileFormat::Png:
      return "png";
    case FileFormat::Jpg:
      return "jpg";
    case FileFormat::Raw:
      return "raw";
    case FileFormat::Ply:
      return "ply";
    case FileFormat::Json:
      return "json";
  }
  return "raw";
}

FileFormat file_format(const std::string& name) {
  static const std::map<std::string, FileFormat> formats = {{"png", FileFormat::Png},
                                                            {"jpg", FileFormat::Jpg},
                                                            {"raw", FileFormat::Raw},
                                                            {"ply", FileFormat::Ply},
                                                            {"json", FileFormat::Json}};
  return formats.at(name);
}

FileFormat usual_format(const StreamProfile& profile) noexcept {
  if (profile.kind == StreamKind::Color) return FileFormat::Jpg;
  if (profile.kind == StreamKind::Skeleton) return FileFormat::Json;
  return profile.format == PixelFormat::XYZ32F ? FileFormat::Raw : FileFormat::Png;
}

Result<void> check_format(const StreamProfile& profile, FileFormat format) {
  const auto refuse = [&](std::string_view why, std::string_view instead) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("stream '{}' ({}) cannot become {}: {}; {}", profile.stream,
                            to_string(profile.format), extension(format), why, instead));
  };
  const bool skeleton = profile.format == PixelFormat::Skeleton;
  if (skeleton && format != FileFormat::Json && format != FileFormat::Raw)
    return refuse("it has joints, no pixels", "use --format json or raw");
  if (!skeleton && format == FileFormat::Json)
    return refuse("only skeletons have a form as JSON",
                  "name the skeleton stream in the URL, or use another --format");
  const bool deep = profile.format == PixelFormat::Z16 || profile.format == PixelFormat::Y16;
  if (format == FileFormat::Ply && profile.kind != StreamKind::Depth)
    return refuse("points come from depth",
                  "name the depth stream in the URL, or use another --format");
  if (format == FileFormat::Ply && !profile.intrinsics)
    return refuse("it has no calibration", "use --format png");
  if (format == FileFormat::Jpg && deep)
    return refuse("JPEG has 8 bits", "use --format png, which is exact");
  if (format == FileFormat::Png && !is_compressed(profile.format) && !is_png_format(profile.format))
    return refuse("PNG does not hold this pixel format", "use --format jpg or raw");
  if (profile.format == PixelFormat::XYZ32F && format != FileFormat::Raw)
    return refuse("these are points already", "use --format raw");
  return {};
}

Result<FrameFiles> FrameFiles::open(fs::path folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return write_failure(folder, error.value());
  const auto path = folder / "frames.jsonl";
  base::UniqueFd index(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666));
  if (!index) return write_failure(path, errno);
  return FrameFiles(std::move(folder), std::move(index));
}

Result<void> FrameFiles::contents(const Frame& frame, const ReceivedFrame& received,
                                  FileFormat format) {
  const auto view = frame::view_of(frame);
  switch (format) {
    case FileFormat::Raw:
      encoded_.assign(frame.data.begin(), frame.data.end());
      return {};
    case FileFormat::Png:
      if (!received.decoded && received.codec == CodecId::Png) {
        encoded_.assign(frame.data.begin(), frame.data.end());
        return {};
      }
      if (!png_) png_ = codec::find_codec(CodecId::Png)->make_encoder({});
      return png_->encode(view, encoded_);
    case FileFormat::Jpg:
      if (!received.decoded && received.codec == CodecId::Jpeg) {
        encoded_.assign(frame.data.begin(), frame.data.end());
        return {};
      }
      if (!jpeg_) jpeg_ = codec::find_codec(CodecId::Jpeg)->make_encoder({});
      return jpeg_->encode(view, encoded_);
    case FileFormat::Json:
      if (!json_) json_ = codec::find_codec(CodecId::Json)->make_encoder({});
      return json_->encode(view, encoded_);
    case FileFormat::Ply: {
      const auto points = points_.points(frame);
      if (!points) return fail(points.error());
      encoded_ = to_ply(*points);
      return {};
    }
  }
  return {};
}

Result<void> FrameFiles::write(const ReceivedFrame& received, const std::string& camera,
                               FileFormat format) {
  const auto& frame = *received.frame;
  if (auto made = contents(frame, received, format); !made) return made;
  const auto name = fmt::format("{}-{}-{:08}.{}", camera, frame.profile->stream, frame.sequence,
                                extension(format));
  if (auto written = write_whole_file(folder_ / name, encoded_); !written) return written;
  bytes_written_ += encoded_.size();
  auto line = describe(received, camera);
  line["file"] = name;
  const auto text = json_line(line) + "\n";
  return write_all(index_.get(), std::as_bytes(std::span(text)), folder_ / "frames.jsonl");
}

nlohmann::json to_json(const MissedList& missed) {
  auto list = nlohmann::json::array();
  for (const auto& record : missed.records())
    list.push_back({{"reason", to_string(record.reason)},
                    {"count", record.count},
                    {"first_sequence", record.first_sequence}});
  return list;
}

nlohmann::json describe(const ReceivedFrame& received, const std::string& camera) {
  const auto& frame = *received.frame;
  nlohmann::json line = {
      {"camera", camera},
      {"stream", frame.profile->stream},
      {"sequence", frame.sequence},
      {"capture_time_ns", to_ns(frame.capture_time)},
      {"capture_time_utc_ns", to_ns(base::system_clock().to_utc(frame.capture_time))},
      {"capture_uncertainty_ns", frame.capture_uncertainty.count()},
      {"server_capture_time_ns", to_ns(received.server_capture_time)},
      {"server_arrival_time_ns", to_ns(received.server_arrival_time)},
      {"server_send_time_ns", to_ns(received.server_send_time)},
      {"received_time_ns", to_ns(received.received_time)},
      {"codec", codec::find_codec(received.codec) ? codec::find_codec(received.codec)->name : "?"},
      {"wire_bytes", received.wire_bytes},
      {"missed", to_json(received.missed)},
      {"profile", wire::to_map(*frame.profile, 0)}};
  line["profile"].erase("version");
  if (frame.device_time_ns) line["device_time_ns"] = *frame.device_time_ns;
  for (const auto& item : frame.annotations.items())
    if (item.kind == AnnotationKind::Ball)
      line["ball"] = {{"x_px", item.x_px}, {"y_px", item.y_px}, {"radius_px", item.radius_px}};
  const auto& conditions = frame.conditions;
  if (conditions.exposure) line["exposure_us"] = conditions.exposure->count();
  if (conditions.gain) line["gain"] = *conditions.gain;
  if (conditions.laser_power_mw) line["laser_power_mw"] = *conditions.laser_power_mw;
  if (conditions.laser_on) line["laser_on"] = *conditions.laser_on;
  if (const auto& r = received.region)
    line["region"] = {{"x", r->x},
                      {"y", r->y},
                      {"width", r->width},
                      {"height", r->height},
                      {"scale", received.scale}};
  return line;
}

}  // namespace lenswire::cli
