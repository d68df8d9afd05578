#include "codec/png/png_writer.hpp"

#include <bit>
#include <cstdlib>
#include <exception>

#include "codec/limits.hpp"
#include "codec/png/png_guard.hpp"

namespace lenswire::codec {

// libpng allocates a deflate state of 300 KB per picture. Handed out from one block, grown to what
// the last picture needed, that costs nothing; what does not fit comes from malloc.
class PngWriter::Arena {
 public:
  void restart() {
    if (wanted_ > block_.size()) block_.resize(wanted_);
    used_ = 0;
    wanted_ = 0;
  }

  static png_voidp allocate(png_structp png, png_alloc_size_t bytes) {
    auto& arena = *static_cast<Arena*>(png_get_mem_ptr(png));
    const std::size_t rounded = (bytes + 63) / 64 * 64;
    arena.wanted_ += rounded;
    if (rounded > arena.block_.size() - arena.used_) return std::malloc(bytes);
    void* memory = arena.block_.data() + arena.used_;
    arena.used_ += rounded;
    return memory;
  }

  static void release(png_structp png, png_voidp memory) {
    auto& arena = *static_cast<Arena*>(png_get_mem_ptr(png));
    const auto* address = static_cast<std::byte*>(memory);
    const auto* begin = arena.block_.data();
    if (address < begin || address >= begin + arena.block_.size()) std::free(memory);
  }

 private:
  std::vector<std::byte> block_;
  std::size_t used_ = 0;
  std::size_t wanted_ = 0;
};

namespace {

struct WriteJob {
  PngTrouble trouble;
  png_structp png = nullptr;
  png_infop info = nullptr;
  const frame::ImageView* image = nullptr;
  std::vector<std::byte>* out = nullptr;
};

void collect(png_structp png, png_bytep bytes, std::size_t count) {
  auto& out = *static_cast<WriteJob*>(png_get_io_ptr(png))->out;
  bool kept = true;
  try {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes);
    out.insert(out.end(), begin, begin + count);
  } catch (const std::exception&) {
    kept = false;
  }
  if (!kept) png_error(png, "out of memory");
}

void flush(png_structp /*png*/) {}

void run(WriteJob& job) {
  const frame::ImageView& image = *job.image;
  const bool wide = image.format == PixelFormat::Z16 || image.format == PixelFormat::Y16;
  const bool color = image.format == PixelFormat::RGB8 || image.format == PixelFormat::BGR8;
  png_set_user_limits(job.png, kMaxDimension, kMaxDimension);
  png_set_write_fn(job.png, &job, collect, flush);
  png_set_IHDR(job.png, job.info, image.width, image.height, wide ? 16 : 8,
               color ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(job.png, 1);
  png_set_filter(job.png, PNG_FILTER_TYPE_BASE, color ? PNG_FILTER_SUB : PNG_FILTER_UP);
  png_set_compression_buffer_size(job.png, 64 << 10);
  png_write_info(job.png, job.info);
  if (image.format == PixelFormat::BGR8) png_set_bgr(job.png);
  if constexpr (std::endian::native == std::endian::little)
    if (wide) png_set_swap(job.png);
  for (std::uint32_t row = 0; row < image.height; ++row)
    png_write_row(job.png, reinterpret_cast<png_const_bytep>(
                               image.data.data() + std::size_t{row} * image.stride_bytes));
  png_write_end(job.png, nullptr);
}

}  // namespace

bool png_accepts(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::Z16:
    case PixelFormat::Y16:
    case PixelFormat::Y8:
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
      return true;
    default:
      return false;
  }
}

PngWriter::PngWriter() : arena_(std::make_unique<Arena>()) {}
PngWriter::~PngWriter() = default;

Result<void> PngWriter::write(const frame::ImageView& image, std::vector<std::byte>& out) {
  if (!png_accepts(image.format))
    return fail(ErrorCode::Unsupported,
                "png: cannot store " + std::string(to_string(image.format)) + ": convert it first");
  if (!image.complete() || !size_allowed(image.width, image.height))
    return fail(ErrorCode::InvalidArgument,
                "png: the picture's size and the length of its data do not fit");
  out.clear();
  arena_->restart();
  WriteJob job;
  job.image = &image;
  job.out = &out;
  job.png =
      png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &job.trouble, PngTrouble::raise,
                                PngTrouble::ignore, arena_.get(), Arena::allocate, Arena::release);
  job.info = job.png ? png_create_info_struct(job.png) : nullptr;
  const bool finished = job.info && png_finished(job.png, run, job);
  png_destroy_write_struct(&job.png, &job.info);
  if (finished) return {};
  return fail(ErrorCode::InvalidArgument, std::string("png: ") + job.trouble.message.data());
}

}  // namespace lenswire::codec
