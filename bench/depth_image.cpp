#include "depth_image.hpp"

#include <png.h>

#include <algorithm>
#include <filesystem>

namespace lenswire::bench {
namespace {

/// False for what is not a 16-bit grey PNG.
bool load_png(const std::filesystem::path& path, DepthImage& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&png, path.c_str()) == 0) return false;
  const bool grey16 = png.format == PNG_FORMAT_LINEAR_Y;
  png_image_free(&png);
  if (!grey16) return false;

  // The simplified interface would convert by gamma: the plain one gives the numbers themselves.
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  png_structp reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(reader);
  bool good = false;
  if (setjmp(png_jmpbuf(reader)) == 0) {
    png_init_io(reader, file);
    png_read_info(reader, info);
    image.width = png_get_image_width(reader, info);
    image.height = png_get_image_height(reader, info);
    image.pixels.resize(std::size_t{image.width} * image.height);
    png_set_swap(reader);
    for (std::uint32_t y = 0; y < image.height; ++y)
      png_read_row(reader, reinterpret_cast<png_bytep>(&image.pixels[std::size_t{y} * image.width]),
                   nullptr);
    good = true;
  }
  png_destroy_read_struct(&reader, &info, nullptr);
  std::fclose(file);
  return good;
}

}  // namespace

Result<std::vector<DepthImage>> load_depth_folder(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".png") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<DepthImage> images;
  for (const auto& path : paths) {
    DepthImage image;
    if (load_png(path, image)) images.push_back(std::move(image));
  }
  if (images.empty()) return fail(ErrorCode::NotFound, folder + " holds no 16-bit grey PNG images");
  return images;
}

}  // namespace lenswire::bench
