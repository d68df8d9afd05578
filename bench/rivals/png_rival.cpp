#include <png.h>

#include <cstring>

#include "rivals/depth_rival.hpp"

namespace lenswire::bench {
namespace {

struct Source {
  const Bytes* data;
  std::size_t at;
};

void append(png_structp png, png_bytep data, png_size_t size) {
  auto* out = static_cast<Bytes*>(png_get_io_ptr(png));
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  out->insert(out->end(), bytes, bytes + size);
}

void fetch(png_structp png, png_bytep data, png_size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->data->size() - source->at) png_error(png, "end of data");
  std::memcpy(data, source->data->data() + source->at, size);
  source->at += size;
}

/// libpng at zlib level 1, with its own choice of filters.
class Png final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    out.clear();
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    bool good = false;
    if (setjmp(png_jmpbuf(png)) == 0) {
      png_set_write_fn(png, &out, append, nullptr);
      png_set_compression_level(png, 1);
      png_set_IHDR(png, info, image.width, image.height, 16, PNG_COLOR_TYPE_GRAY,
                   PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png, info);
      png_set_swap(png);
      for (std::uint32_t y = 0; y < image.height; ++y)
        png_write_row(
            png, reinterpret_cast<png_const_bytep>(&image.pixels[std::size_t{y} * image.width]));
      png_write_end(png, info);
      good = true;
    }
    png_destroy_write_struct(&png, &info);
    return good;
  }

  bool decode(const Bytes& data, DepthImage& image) override {
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    Source source{&data, 0};
    bool good = false;
    if (setjmp(png_jmpbuf(png)) == 0) {
      png_set_read_fn(png, &source, fetch);
      png_read_info(png, info);
      png_set_swap(png);
      for (std::uint32_t y = 0; y < image.height; ++y)
        png_read_row(png, reinterpret_cast<png_bytep>(&image.pixels[std::size_t{y} * image.width]),
                     nullptr);
      good = true;
    }
    png_destroy_read_struct(&png, &info, nullptr);
    return good;
  }
};

}  // namespace

std::unique_ptr<DepthRival> make_png_rival() { return std::make_unique<Png>(); }

}  // namespace lenswire::bench
