#include "cli/depth_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "codec/png/png_reader.hpp"
#include "codec/png/png_writer.hpp"

namespace lenswire::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxPngBytes = kMaxFrameBytes;

std::uintmax_t max_strata_bytes() noexcept {
  return STRATA_MAX_PIXELS * 2 + STRATA_MAX_PIXELS / 50 + 64;
}

auto named(const fs::path& path, const Error& error) {
  return fail(error.code, fmt::format("{}: {}", path.string(), error.message));
}

Error strata_error(strata_status status) {
  const std::string what(to_string(status));
  switch (status) {
    case STRATA_TRUNCATED:
      return {ErrorCode::Truncated, what + "; copy the file again"};
    case STRATA_CORRUPT:
    case STRATA_CHECKSUM:
      return {ErrorCode::Truncated, "damaged: " + what};
    case STRATA_UNSUPPORTED:
    case STRATA_TOO_LARGE:
      return {ErrorCode::Unsupported, what};
    case STRATA_OUT_OF_MEMORY:
      return {ErrorCode::Busy, what};
    default:
      return {ErrorCode::InvalidArgument, what};
  }
}

// The header, and that the file is one image and nothing else.
Result<strata_info> read_info(std::span<const std::byte> data) {
  strata_info info{};
  if (const auto status = strata_read_info(data.data(), data.size(), &info); status != STRATA_OK)
    return fail(strata_error(status));
  if (info.frame_bytes < data.size())
    return fail(ErrorCode::Truncated,
                fmt::format("damaged: {} bytes follow the image", data.size() - info.frame_bytes));
  if (info.frame_bytes > data.size())
    return fail(ErrorCode::Truncated,
                fmt::format("cut short: {} of {} bytes are there; copy the file again", data.size(),
                            info.frame_bytes));
  return info;
}

Result<void> add_folder(const fs::path& folder, std::string_view from,
                        std::vector<DepthFile>& files) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().extension() == fmt::format(".{}", from)) found.push_back(entry->path());
  if (error)
    return fail(
        error == std::errc::permission_denied ? ErrorCode::PermissionDenied : ErrorCode::NotFound,
        fmt::format("{} cannot be read ({})", folder.string(), error.message()));
  if (found.empty())
    return fail(ErrorCode::NotFound,
                fmt::format("folder {} has no .{} files", folder.string(), from));
  std::sort(found.begin(), found.end());
  for (auto& path : found) files.push_back({std::move(path), {}, false});
  return {};
}

}  // namespace

Result<std::vector<DepthFile>> find_depth_files(const std::vector<std::string>& paths,
                                                std::string_view from, std::string_view to,
                                                const fs::path& folder) {
  std::vector<DepthFile> files;
  for (const auto& text : paths) {
    const fs::path path(text);
    std::error_code error;
    const auto status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found)
      return fail(ErrorCode::NotFound, fmt::format("there is no file or folder {}", text));
    if (error)
      return fail(ErrorCode::PermissionDenied,
                  fmt::format("{} cannot be read ({})", text, error.message()));
    if (fs::is_directory(status)) {
      if (auto added = add_folder(path, from, files); !added) return fail(added.error());
    } else {
      files.push_back({path, {}, true});
    }
  }
  if (to.empty()) return files;
  std::set<fs::path> places;
  for (auto& file : files) {
    file.out = folder.empty() ? file.in.parent_path() : folder;
    file.out /= file.in.stem();
    file.out += fmt::format(".{}", to);
    if (file.out == file.in)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{} would be written over itself", file.in.string()));
    if (!places.insert(file.out).second)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("more than one file would become {}; convert them into different "
                              "folders with --out",
                              file.out.string()));
  }
  return files;
}

Result<void> check_free(const std::vector<DepthFile>& files) {
  std::size_t taken = 0;
  const fs::path* first = nullptr;
  for (const auto& file : files) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(file.out, error))) continue;
    if (++taken == 1) first = &file.out;
  }
  if (taken == 0) return {};
  return fail(
      ErrorCode::InvalidArgument,
      fmt::format("{} is there already{}; --force replaces, --out DIR writes elsewhere",
                  first->string(), taken == 1 ? "" : fmt::format(", and {} more", taken - 1)));
}

std::string profile_name(strata_profile profile, std::uint32_t near_limit) {
  const std::string base = profile == STRATA_FAST ? "fast" : "default";
  if (near_limit == 0) return base;
  return profile == STRATA_FAST ? fmt::format("fast, near {}", near_limit)
                                : fmt::format("near {}", near_limit);
}

Result<std::optional<DepthSizes>> DepthConverter::encode(const DepthFile& file, Existing existing) {
  const auto png = read_whole_file(file.in, kMaxPngBytes);
  if (!png) return fail(png.error());
  if (png->empty()) return named(file.in, {ErrorCode::Truncated, "the file is empty"});
  const auto header = codec::read_png_header(*png);
  if (!header) return named(file.in, header.error());
  if (header->natural_format != PixelFormat::Z16) {
    if (!file.named) return std::optional<DepthSizes>();
    return named(file.in,
                 {ErrorCode::Unsupported,
                  fmt::format("an 8-bit PNG ({}), not 16-bit grey as depth is",
                              header->natural_format == PixelFormat::Y8 ? "grey" : "colour")});
  }
  image_.format = PixelFormat::Z16;
  if (auto read = codec::read_png_pixels(*png, image_); !read) return named(file.in, read.error());
  if (const auto status = encoder_.encode(image_.data.data(), image_.stride_bytes, image_.width,
                                          image_.height, encoded_);
      status != STRATA_OK)
    return named(file.in, strata_error(status));
  if (auto written = write_whole_file(file.out, encoded_, existing); !written)
    return fail(written.error());
  return DepthSizes{std::uint64_t{image_.width} * image_.height * 2, png->size(), encoded_.size()};
}

Result<DepthSizes> DepthConverter::decode(const DepthFile& file, Existing existing) {
  const auto data = read_whole_file(file.in, max_strata_bytes());
  if (!data) return fail(data.error());
  const auto info = read_info(*data);
  if (!info) return named(file.in, info.error());
  image_.reshape(PixelFormat::Z16, info->width, info->height);
  if (const auto status = decoder_.decode(*data, image_.data.data(), image_.stride_bytes,
                                          info->width, info->height);
      status != STRATA_OK)
    return named(file.in, strata_error(status));
  thread_local codec::PngWriter writer;
  if (auto written = writer.write(image_.view(), encoded_); !written)
    return named(file.in, written.error());
  if (auto written = write_whole_file(file.out, encoded_, existing); !written)
    return fail(written.error());
  return DepthSizes{image_.data.size(), encoded_.size(), data->size()};
}

double StrataReport::ratio() const noexcept {
  if (!info || file_bytes == 0) return 0;
  return static_cast<double>(std::uint64_t{info->width} * info->height * 2) /
         static_cast<double>(file_bytes);
}

std::string_view StrataReport::checksum() const noexcept {
  if (!error) return "right";
  return checksum_failed ? "wrong" : "not checked";
}

StrataReport inspect_strata(const fs::path& path, StrataDecoder& decoder) {
  StrataReport report;
  report.file = path;
  const auto data = read_whole_file(path, max_strata_bytes());
  if (!data) {
    report.error = data.error();
    return report;
  }
  report.file_bytes = data->size();
  strata_info info{};
  if (strata_read_info(data->data(), data->size(), &info) == STRATA_OK) report.info = info;
  const auto put = [&](const Error& error) {
    report.error = Error{error.code, fmt::format("{}: {}", path.string(), error.message)};
  };
  if (const auto whole = read_info(*data); !whole) {
    put(whole.error());
    return report;
  }
  std::vector<std::uint16_t> pixels(std::size_t{info.width} * info.height);
  const auto status =
      decoder.decode(*data, pixels.data(), std::size_t{info.width} * 2, info.width, info.height);
  if (status != STRATA_OK) {
    report.checksum_failed = status == STRATA_CHECKSUM;
    put(strata_error(status));
    return report;
  }
  report.valid_pixels = static_cast<std::uint64_t>(
      std::count_if(pixels.begin(), pixels.end(), [](auto value) { return value != kNoDepth; }));
  return report;
}

}  // namespace lenswire::cli
