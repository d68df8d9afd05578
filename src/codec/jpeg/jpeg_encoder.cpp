#include "codec/jpeg/jpeg_encoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

#include "codec/jpeg/jpeg_guard.hpp"
#include "codec/jpeg/jpeg_scan.hpp"
#include "codec/jpeg/jpeg_tables.hpp"
#include "codec/jpeg/planar.hpp"
#include "codec/limits.hpp"

namespace lenswire::codec {
namespace {

constexpr std::size_t kStripRows = 16;  // one row of 4:2:0 blocks
constexpr std::size_t kChromaRows = kStripRows / 2;

// From here on the fast DCT's error would be larger than the quantiser's; TurboJPEG draws the same
// line.
constexpr int kAccurateDctQuality = 96;

bool is_planar(PixelFormat format) noexcept {
  return format == PixelFormat::YUYV || format == PixelFormat::UYVY || format == PixelFormat::NV12;
}

void extend(std::uint8_t* row, std::size_t have, std::size_t wanted) {
  if (wanted > have) std::memset(row + have, row[have - 1], wanted - have);
}

Result<void> pass_on(const frame::ImageView& image, std::vector<std::byte>& out) {
  const auto summary = scan_jpeg_head(image.data);
  if (!summary) return fail(summary.error());
  out.clear();
  if (summary->has_huffman_tables || summary->progressive) {
    out.assign(image.data.begin(), image.data.end());
    return {};
  }
  const auto tables = standard_huffman_segment();
  const auto head = image.data.first(summary->first_scan);
  const auto rest = image.data.subspan(summary->first_scan);
  out.reserve(image.data.size() + tables.size());
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), tables.begin(), tables.end());
  out.insert(out.end(), rest.begin(), rest.end());
  return {};
}

}  // namespace

struct JpegEncoder::State {
  jpeg_compress_struct jpeg{};
  jpeg_destination_mgr destination{};
  JpegTrouble trouble;
  const PlanarKernels& kernels = planar_kernels();
  int quality = 80;
  bool created = false;
  bool configured = false;
  PixelFormat format{};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  const frame::ImageView* image = nullptr;
  std::vector<std::byte> bytes;     // libjpeg writes here, so that `out` is never zero-filled
  std::vector<std::uint8_t> strip;  // 16 luma rows, then 8 of each chroma
  std::size_t luma_stride = 0;      // width rounded up to whole blocks

  static State& of(j_compress_ptr jpeg) { return *static_cast<State*>(jpeg->client_data); }

  static void start_output(j_compress_ptr jpeg) {
    auto& bytes = of(jpeg).bytes;
    jpeg->dest->next_output_byte = reinterpret_cast<JOCTET*>(bytes.data());
    jpeg->dest->free_in_buffer = bytes.size();
  }

  static boolean grow_output(j_compress_ptr jpeg) {
    auto& bytes = of(jpeg).bytes;
    const std::size_t used = bytes.size();
    bool grown = true;
    try {
      bytes.resize(used * 2);
    } catch (const std::exception&) {
      grown = false;
    }
    if (!grown) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    jpeg->dest->next_output_byte = reinterpret_cast<JOCTET*>(bytes.data() + used);
    jpeg->dest->free_in_buffer = bytes.size() - used;
    return TRUE;
  }

  static void end_output(j_compress_ptr /*jpeg*/) {}

  static void create(State& state) {
    jpeg_create_compress(&state.jpeg);
    state.created = true;
    state.jpeg.client_data = &state;
    state.destination.init_destination = start_output;
    state.destination.empty_output_buffer = grow_output;
    state.destination.term_destination = end_output;
    state.jpeg.dest = &state.destination;
  }

  static void configure(State& state) {
    auto& jpeg = state.jpeg;
    jpeg.image_width = state.width;
    jpeg.image_height = state.height;
    jpeg.input_components = state.format == PixelFormat::Y8 ? 1 : 3;
    switch (state.format) {
      case PixelFormat::Y8:
        jpeg.in_color_space = JCS_GRAYSCALE;
        break;
      case PixelFormat::RGB8:
        jpeg.in_color_space = JCS_RGB;
        break;
      case PixelFormat::BGR8:
        jpeg.in_color_space = JCS_EXT_BGR;
        break;
      default:
        jpeg.in_color_space = JCS_YCbCr;
    }
    jpeg_set_defaults(&jpeg);  // colour: luma 2x2, chroma 1x1
    jpeg_set_quality(&jpeg, state.quality, TRUE);
    jpeg.dct_method = state.quality >= kAccurateDctQuality ? JDCT_ISLOW : JDCT_IFAST;
    jpeg.raw_data_in = is_planar(state.format) ? TRUE : FALSE;
    state.configured = true;
  }

  static void run(State& state) {
    if (!state.configured) configure(state);
    jpeg_start_compress(&state.jpeg, TRUE);
    if (is_planar(state.format))
      state.write_planar();
    else
      state.write_rows();
    jpeg_finish_compress(&state.jpeg);
  }

  void write_rows() {
    // libjpeg takes its rows as mutable and does not change them.
    auto* pixels = reinterpret_cast<JSAMPROW>(const_cast<std::byte*>(image->data.data()));
    while (jpeg.next_scanline < height) {
      JSAMPROW rows[kStripRows];
      const JDIMENSION first = jpeg.next_scanline;
      const JDIMENSION count = std::min<JDIMENSION>(kStripRows, height - first);
      for (JDIMENSION i = 0; i < count; ++i)
        rows[i] = pixels + std::size_t{first + i} * image->stride_bytes;
      jpeg_write_scanlines(&jpeg, rows, count);
    }
  }

  // One strip at a time, so that the planes stay in the first level cache.
  void write_planar() {
    JSAMPROW luma[kStripRows];
    JSAMPROW u[kChromaRows];
    JSAMPROW v[kChromaRows];
    JSAMPARRAY planes[3] = {luma, u, v};
    while (jpeg.next_scanline < height) {
      const std::size_t first = jpeg.next_scanline;
      for (std::size_t pair = 0; pair < kChromaRows; ++pair) {
        if (first + 2 * pair >= height) {  // below the picture: its last row again
          luma[2 * pair] = luma[2 * pair + 1] = luma[2 * pair - 1];
          u[pair] = u[pair - 1];
          v[pair] = v[pair - 1];
          continue;
        }
        luma[2 * pair] = strip.data() + 2 * pair * luma_stride;
        luma[2 * pair + 1] = luma[2 * pair] + luma_stride;
        u[pair] = strip.data() + kStripRows * luma_stride + pair * luma_stride / 2;
        v[pair] = u[pair] + kChromaRows * luma_stride / 2;
        if (format == PixelFormat::NV12)
          fill_from_nv12(first + 2 * pair, luma + 2 * pair, u[pair], v[pair]);
        else
          fill_from_packed(first + 2 * pair, luma + 2 * pair, u[pair], v[pair]);
      }
      jpeg_write_raw_data(&jpeg, planes, kStripRows);
    }
  }

  [[nodiscard]] const std::uint8_t* source_row(std::size_t row) const {
    return reinterpret_cast<const std::uint8_t*>(image->data.data()) + row * image->stride_bytes;
  }

  void fill_from_packed(std::size_t row, JSAMPROW* luma, std::uint8_t* u, std::uint8_t* v) {
    const std::size_t pairs = (std::size_t{width} + 1) / 2;
    const std::size_t below = std::min<std::size_t>(row + 1, height - 1);
    const auto split = format == PixelFormat::YUYV ? kernels.yuyv_rows : kernels.uyvy_rows;
    split(source_row(row), source_row(below), pairs, luma[0], luma[1], u, v);
    extend(luma[0], width, luma_stride);
    extend(luma[1], width, luma_stride);
    extend(u, pairs, luma_stride / 2);
    extend(v, pairs, luma_stride / 2);
  }

  void fill_from_nv12(std::size_t row, JSAMPROW* luma, std::uint8_t* u, std::uint8_t* v) {
    const std::size_t pairs = (std::size_t{width} + 1) / 2;
    for (std::size_t i = 0; i < 2; ++i) {
      std::memcpy(luma[i], source_row(std::min<std::size_t>(row + i, height - 1)), width);
      extend(luma[i], width, luma_stride);
    }
    kernels.split_chroma(source_row(height + row / 2), pairs, u, v);
    extend(u, pairs, luma_stride / 2);
    extend(v, pairs, luma_stride / 2);
  }

  void prepare(const frame::ImageView& view) {
    image = &view;
    if (view.format != format || view.width != width || view.height != height) configured = false;
    format = view.format;
    width = view.width;
    height = view.height;
    luma_stride = (std::size_t{width} + kStripRows - 1) / kStripRows * kStripRows;
    if (is_planar(format)) strip.resize(luma_stride * (kStripRows + kChromaRows));
    const std::size_t expected = (std::size_t{64} << 10) + std::size_t{width} * height / 4;
    if (bytes.size() < expected) bytes.resize(expected);
  }
};

bool jpeg_accepts(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::YUYV:
    case PixelFormat::UYVY:
    case PixelFormat::NV12:
    case PixelFormat::RGB8:
    case PixelFormat::BGR8:
    case PixelFormat::Y8:
    case PixelFormat::MJPEG:
    case PixelFormat::JPEG:
      return true;
    default:
      return false;
  }
}

JpegEncoder::JpegEncoder(const EncoderSettings& settings) : state_(std::make_unique<State>()) {
  state_->quality = std::clamp(settings.quality, 1, 100);
  state_->jpeg.err = state_->trouble.install();
}

JpegEncoder::~JpegEncoder() {
  if (state_->created) jpeg_destroy_compress(&state_->jpeg);
}

Result<void> JpegEncoder::encode(const frame::ImageView& image, std::vector<std::byte>& out) {
  if (!jpeg_accepts(image.format))
    return fail(
        ErrorCode::Unsupported,
        "jpeg: cannot store " + std::string(to_string(image.format)) + ": convert it first");
  if (!image.complete())
    return fail(ErrorCode::InvalidArgument, "jpeg: the picture has less data than its size needs");
  if (is_compressed(image.format)) return pass_on(image, out);
  if (!size_allowed(image.width, image.height) || image.width > JPEG_MAX_DIMENSION ||
      image.height > JPEG_MAX_DIMENSION)
    return fail(ErrorCode::InvalidArgument, "jpeg: the picture is too large");

  State& state = *state_;
  state.prepare(image);
  const bool finished = (state.created || jpeg_finished(state.trouble, State::create, state)) &&
                        jpeg_finished(state.trouble, State::run, state);
  if (!finished) {
    if (state.created) jpeg_abort_compress(&state.jpeg);
    state.configured = false;
    return fail(ErrorCode::InvalidArgument,
                std::string("libjpeg: ") + state.trouble.message.data());
  }
  const std::size_t size = state.bytes.size() - state.destination.free_in_buffer;
  out.assign(state.bytes.begin(), state.bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return {};
}

}  // namespace lenswire::codec
