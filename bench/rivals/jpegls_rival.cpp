#include "rivals/depth_rival.hpp"

#if LENSWIRE_BENCH_CHARLS
#include <charls/charls.h>
#endif

namespace lenswire::bench {
#if LENSWIRE_BENCH_CHARLS
namespace {

class JpegLs final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    try {
      charls::jpegls_encoder encoder;
      encoder.frame_info({image.width, image.height, 16, 1});
      out.resize(encoder.estimated_destination_size());
      encoder.destination(out);
      out.resize(encoder.encode(image.pixels));
      return true;
    } catch (const charls::jpegls_error&) {
      return false;
    }
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    try {
      charls::jpegls_decoder decoder(data, true);
      decoder.decode(image.pixels);
      return true;
    } catch (const charls::jpegls_error&) {
      return false;
    }
  }
};

}  // namespace

std::unique_ptr<DepthRival> make_jpegls_rival() { return std::make_unique<JpegLs>(); }
#else
std::unique_ptr<DepthRival> make_jpegls_rival() { return nullptr; }
#endif

}  // namespace lenswire::bench
