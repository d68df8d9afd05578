#include "rivals/depth_rival.hpp"

#if LENSWIRE_BENCH_AVCODEC
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

#include <cstring>
#endif

namespace lenswire::bench {
#if LENSWIRE_BENCH_AVCODEC
namespace {

struct Free {
  void operator()(AVCodecContext* c) const noexcept { avcodec_free_context(&c); }
  void operator()(AVFrame* f) const noexcept { av_frame_free(&f); }
  void operator()(AVPacket* p) const noexcept { av_packet_free(&p); }
};

/// FFV1 level 3, one slice group, every frame on its own.
class Ffv1 final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    if (!open(image.width, image.height)) return false;
    frame_->format = AV_PIX_FMT_GRAY16LE;
    frame_->width = static_cast<int>(image.width);
    frame_->height = static_cast<int>(image.height);
    // The encoder only reads; the frame borrows the pixels.
    frame_->data[0] =
        reinterpret_cast<std::uint8_t*>(const_cast<std::uint16_t*>(image.pixels.data()));
    frame_->linesize[0] = static_cast<int>(image.width * 2);
    frame_->pts = next_pts_++;
    if (avcodec_send_frame(encoder_.get(), frame_.get()) < 0) return false;
    if (avcodec_receive_packet(encoder_.get(), packet_.get()) < 0) return false;
    const auto* data = reinterpret_cast<const std::byte*>(packet_->data);
    out.assign(data, data + packet_->size);
    av_packet_unref(packet_.get());
    return true;
  }

  bool decode(const Bytes& data, DepthImage& image) override {
    if (!open(image.width, image.height)) return false;
    if (av_new_packet(packet_.get(), static_cast<int>(data.size())) < 0) return false;
    std::memcpy(packet_->data, data.data(), data.size());
    const int sent = avcodec_send_packet(decoder_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (sent < 0 || avcodec_receive_frame(decoder_.get(), back_.get()) < 0) return false;
    for (std::uint32_t y = 0; y < image.height; ++y)
      std::memcpy(&image.pixels[std::size_t{y} * image.width],
                  back_->data[0] + static_cast<std::ptrdiff_t>(y) * back_->linesize[0],
                  std::size_t{image.width} * 2);
    av_frame_unref(back_.get());
    return true;
  }

 private:
  bool open(std::uint32_t width, std::uint32_t height) {
    if (width == width_ && height == height_) return true;
    const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_FFV1);
    const AVCodec* decoder = avcodec_find_decoder(AV_CODEC_ID_FFV1);
    if (encoder == nullptr || decoder == nullptr) return false;
    encoder_.reset(avcodec_alloc_context3(encoder));
    encoder_->width = static_cast<int>(width);
    encoder_->height = static_cast<int>(height);
    encoder_->pix_fmt = AV_PIX_FMT_GRAY16LE;
    encoder_->time_base = {1, 30};
    encoder_->thread_count = 1;
    encoder_->gop_size = 1;
    encoder_->level = 3;
    if (avcodec_open2(encoder_.get(), encoder, nullptr) < 0) return false;
    decoder_.reset(avcodec_alloc_context3(decoder));
    decoder_->width = encoder_->width;
    decoder_->height = encoder_->height;
    decoder_->thread_count = 1;
    if (encoder_->extradata_size > 0) {
      const auto size = static_cast<std::size_t>(encoder_->extradata_size);
      decoder_->extradata =
          static_cast<std::uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
      std::memcpy(decoder_->extradata, encoder_->extradata, size);
      decoder_->extradata_size = encoder_->extradata_size;
    }
    if (avcodec_open2(decoder_.get(), decoder, nullptr) < 0) return false;
    width_ = width;
    height_ = height;
    return true;
  }

  std::unique_ptr<AVCodecContext, Free> encoder_;
  std::unique_ptr<AVCodecContext, Free> decoder_;
  std::unique_ptr<AVFrame, Free> frame_{av_frame_alloc()};
  std::unique_ptr<AVFrame, Free> back_{av_frame_alloc()};
  std::unique_ptr<AVPacket, Free> packet_{av_packet_alloc()};
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::int64_t next_pts_ = 0;
};

}  // namespace

std::unique_ptr<DepthRival> make_ffv1_rival() { return std::make_unique<Ffv1>(); }
#else
std::unique_ptr<DepthRival> make_ffv1_rival() { return nullptr; }
#endif

}  // namespace lenswire::bench
