#include "codec/jpeg/jpeg_decoder.hpp"

#include <algorithm>

#include "codec/jpeg/jpeg_guard.hpp"
#include "codec/jpeg/jpeg_scan.hpp"

namespace lenswire::codec {
namespace {

// Progressive pictures keep all coefficients: 2 bytes a sample, 3 samples a pixel at most.
constexpr long kFixedWorkBytes = 8L << 20;
constexpr long kWorkBytesPerPixel = 2 * 3 + 2;

}  // namespace

struct JpegDecoder::State {
  jpeg_decompress_struct jpeg{};
  JpegTrouble trouble;
  bool created = false;
  std::span<const std::byte> data;
  J_COLOR_SPACE color_space = JCS_RGB;
  frame::Image* image = nullptr;

  static void create(State& state) {
    jpeg_create_decompress(&state.jpeg);
    state.created = true;
  }

  static void run(State& state) {
    auto& jpeg = state.jpeg;
    frame::Image& image = *state.image;
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(state.data.data()),
                 static_cast<unsigned long>(state.data.size()));
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = state.color_space;
    jpeg_start_decompress(&jpeg);
    if (jpeg.output_width != image.width || jpeg.output_height != image.height)
      ERREXIT(&jpeg, JERR_BAD_LENGTH);
    auto* pixels = reinterpret_cast<JSAMPROW>(image.data.data());
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW rows[16];
      const JDIMENSION first = jpeg.output_scanline;
      const JDIMENSION count = std::min<JDIMENSION>(16, jpeg.output_height - first);
      for (JDIMENSION i = 0; i < count; ++i)
        rows[i] = pixels + std::size_t{first + i} * image.stride_bytes;
      jpeg_read_scanlines(&jpeg, rows, count);
    }
    jpeg_finish_decompress(&jpeg);
  }
};

JpegDecoder::JpegDecoder() : state_(std::make_unique<State>()) {
  state_->jpeg.err = state_->trouble.install();
}

JpegDecoder::~JpegDecoder() {
  if (state_->created) jpeg_destroy_decompress(&state_->jpeg);
}

std::uint64_t JpegDecoder::warnings() const noexcept { return state_->trouble.warnings; }

Result<void> JpegDecoder::decode(std::span<const std::byte> data, frame::Image& image) {
  const auto summary = scan_jpeg(data);
  if (!summary) return fail(summary.error());
  if (!summary->complete)
    return fail(ErrorCode::Truncated, "the JPEG ends before its picture does");
  const bool any_format = is_compressed(image.format);
  const bool any_size = any_format && image.width == 0 && image.height == 0;
  if (!any_size && (summary->width != image.width || summary->height != image.height))
    return fail(ErrorCode::InvalidArgument, "the JPEG has another size than the frame announced");
  if (summary->components != 1 && summary->components != 3)
    return fail(ErrorCode::Unsupported, "the JPEG is neither grey nor three-coloured");
  const auto natural = summary->components == 1 ? PixelFormat::Y8 : PixelFormat::RGB8;
  const auto format = any_format ? natural : image.format;
  if (format != natural && !(format == PixelFormat::BGR8 && natural == PixelFormat::RGB8))
    return fail(ErrorCode::InvalidArgument,
                "the JPEG holds another pixel format than the frame announced");

  State& state = *state_;
  if (!state.created && !jpeg_finished(state.trouble, State::create, state))
    return fail(ErrorCode::Unsupported, std::string("libjpeg: ") + state.trouble.message.data());
  image.reshape(format, summary->width, summary->height);
  state.data = data.first(summary->end);
  state.color_space = format == PixelFormat::Y8     ? JCS_GRAYSCALE
                      : format == PixelFormat::RGB8 ? JCS_RGB
                                                    : JCS_EXT_BGR;
  state.image = &image;
  state.trouble.data_missing = false;
  state.jpeg.mem->max_memory_to_use =
      kFixedWorkBytes +
      kWorkBytesPerPixel * static_cast<long>(std::uint64_t{image.width} * image.height);
  const bool finished = jpeg_finished(state.trouble, State::run, state);
  jpeg_abort_decompress(&state.jpeg);
  if (!finished)
    return fail(ErrorCode::InvalidArgument,
                std::string("the JPEG is damaged: ") + state.trouble.message.data());
  if (state.trouble.data_missing)
    return fail(ErrorCode::InvalidArgument, "the JPEG is damaged: part of the picture is missing");
  return {};
}

}  // namespace lenswire::codec
