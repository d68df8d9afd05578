#include "codec/png/png_reader.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/byte_reader.hpp"
#include "codec/limits.hpp"
#include "codec/png/png_guard.hpp"

namespace lenswire::codec {
namespace {

constexpr std::uint32_t kMostChunkBytes = 1U << 20;  // libpng's own memory for one ancillary chunk
constexpr std::uint64_t kMostDeflateRatio = 1032;    // zlib's technical notes

// Chunks that could cost memory or time and change no pixel we keep.
constexpr unsigned char kSkippedChunks[] =
    "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0sTER\0"
    "tEXt\0tIME\0tRNS\0zTXt";
constexpr int kSkippedCount = sizeof kSkippedChunks / 5;

struct ReadJob {
  PngTrouble trouble;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::byte> data;
  std::size_t position = 0;
  bool ran_out = false;
  PixelFormat format{};
  bool has_alpha = false;
  std::uint32_t height = 0;
  std::size_t stride_bytes = 0;
  std::byte* pixels = nullptr;
};

void feed(png_structp png, png_bytep to, std::size_t count) {
  auto& job = *static_cast<ReadJob*>(png_get_io_ptr(png));
  if (count > job.data.size() - job.position) {
    job.ran_out = true;
    png_error(png, "the data ends early");
  }
  std::memcpy(to, job.data.data() + job.position, count);
  job.position += count;
}

void run(ReadJob& job) {
  png_set_user_limits(job.png, kMaxDimension, kMaxDimension);
  png_set_chunk_malloc_max(job.png, kMostChunkBytes);
  png_set_chunk_cache_max(job.png, 16);
  png_set_keep_unknown_chunks(job.png, PNG_HANDLE_CHUNK_NEVER, kSkippedChunks, kSkippedCount);
  png_set_read_fn(job.png, &job, feed);
  png_read_info(job.png, job.info);
  if (job.format == PixelFormat::BGR8) png_set_bgr(job.png);
  if (job.has_alpha) png_set_strip_alpha(job.png);
  if constexpr (std::endian::native == std::endian::little) png_set_swap(job.png);
  png_read_update_info(job.png, job.info);
  if (png_get_rowbytes(job.png, job.info) != job.stride_bytes)
    png_error(job.png, "a row has another length than the header says");
  for (std::uint32_t row = 0; row < job.height; ++row)
    png_read_row(job.png, reinterpret_cast<png_bytep>(job.pixels + row * job.stride_bytes),
                 nullptr);
  png_read_end(job.png, nullptr);
}

struct Head {
  PngHeader header;
  bool has_alpha = false;
};

Result<Head> judge_head(std::span<const std::byte> data) {
  static constexpr unsigned char kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (data.empty()) return fail(ErrorCode::Truncated, "the PNG is empty");
  const std::size_t compared = std::min(data.size(), sizeof kSignature);
  if (std::memcmp(data.data(), kSignature, compared) != 0)
    return fail(ErrorCode::InvalidArgument, "not a PNG");
  base::ByteReader reader(data);
  reader.skip(sizeof kSignature);
  const auto length = reader.big<std::uint32_t>();
  const auto type = reader.text(4);
  const auto width = reader.big<std::uint32_t>();
  const auto height = reader.big<std::uint32_t>();
  const auto depth = reader.u8();
  const auto color = reader.u8();
  reader.skip(2);  // compression, filter: libpng judges them
  const auto interlace = reader.u8();
  if (!reader.ok()) return fail(ErrorCode::Truncated, "the PNG ends inside its header");
  if (length != 13 || type != "IHDR")
    return fail(ErrorCode::InvalidArgument, "the PNG does not begin with an IHDR chunk");
  if (!size_allowed(width, height))
    return fail(ErrorCode::InvalidArgument, "the PNG claims a size beyond the limits");
  if (interlace != 0)
    return fail(ErrorCode::Unsupported, "the PNG is interlaced: save it without interlacing");

  Head head{{width, height, PixelFormat::Z16}, false};
  if (color == PNG_COLOR_TYPE_GRAY && depth == 16) {
    head.header.natural_format = PixelFormat::Z16;
  } else if (color == PNG_COLOR_TYPE_GRAY && depth == 8) {
    head.header.natural_format = PixelFormat::Y8;
  } else if ((color == PNG_COLOR_TYPE_RGB || color == PNG_COLOR_TYPE_RGBA) && depth == 8) {
    head.header.natural_format = PixelFormat::RGB8;
    head.has_alpha = color == PNG_COLOR_TYPE_RGBA;
  } else {
    return fail(ErrorCode::Unsupported,
                "the PNG is neither 8 or 16 bit grey nor 8 bit RGB: convert it to one of these");
  }
  const std::uint64_t pixel_bytes =
      std::uint64_t{packed_stride(head.header.natural_format, width)} * height;
  if (pixel_bytes / kMostDeflateRatio > data.size())
    return fail(ErrorCode::Truncated, "the PNG is too short for the size it claims");
  return head;
}

bool fits(PixelFormat natural, PixelFormat wanted) noexcept {
  return wanted == natural || (natural == PixelFormat::Z16 && wanted == PixelFormat::Y16) ||
         (natural == PixelFormat::RGB8 && wanted == PixelFormat::BGR8);
}

}  // namespace

Result<PngHeader> read_png_header(std::span<const std::byte> data) {
  const auto head = judge_head(data);
  if (!head) return fail(head.error());
  return head->header;
}

Result<void> read_png_pixels(std::span<const std::byte> data, frame::Image& image) {
  const auto head = judge_head(data);
  if (!head) return fail(head.error());
  const PngHeader& header = head->header;
  if (!fits(header.natural_format, image.format))
    return fail(ErrorCode::InvalidArgument, "the PNG holds another pixel format than asked for");
  image.reshape(image.format, header.width, header.height);

  ReadJob job;
  job.data = data;
  job.format = image.format;
  job.has_alpha = head->has_alpha;
  job.height = image.height;
  job.stride_bytes = image.stride_bytes;
  job.pixels = image.data.data();
  job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job.trouble, PngTrouble::raise,
                                   PngTrouble::ignore);
  job.info = job.png ? png_create_info_struct(job.png) : nullptr;
  const bool finished = job.info && png_finished(job.png, run, job);
  png_destroy_read_struct(&job.png, &job.info, nullptr);
  if (finished) return {};
  if (job.ran_out) return fail(ErrorCode::Truncated, "the PNG ends early");
  return fail(ErrorCode::InvalidArgument,
              std::string("the PNG is damaged: ") + job.trouble.message.data());
}

}  // namespace lenswire::codec
