#include "rivals/depth_rival.hpp"

#include <lz4.h>
#include <zstd.h>

#include <cstring>

#include <lenswire/strata.hpp>

#include "codec/rvl/rvl.hpp"

namespace lenswire::bench {
namespace {

class Memcpy final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    out.resize(image.bytes());
    std::memcpy(out.data(), image.pixels.data(), image.bytes());
    return true;
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    if (data.size() != image.bytes()) return false;
    std::memcpy(image.pixels.data(), data.data(), data.size());
    return true;
  }
};

class Strata final : public DepthRival {
 public:
  explicit Strata(const strata_options& options) : encoder_(options) {}
  bool encode(const DepthImage& image, Bytes& out) override {
    out.resize(strata_max_bytes(image.width, image.height));
    std::size_t size = 0;
    const bool done = encoder_.encode(image.pixels.data(), std::size_t{image.width} * 2,
                                      image.width, image.height, out, size) == STRATA_OK;
    out.resize(size);
    return done;
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    return decoder_.decode(data, image.pixels.data(), std::size_t{image.width} * 2, image.width,
                           image.height) == STRATA_OK;
  }

 private:
  StrataEncoder encoder_;
  StrataDecoder decoder_;
};

class Rvl final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    out.resize(codec::rvl_max_bytes(image.pixels.size()));
    const auto size = codec::rvl_encode(image.pixels, out);
    if (size) out.resize(*size);
    return size.has_value();
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    return codec::rvl_decode(data, image.pixels).has_value();
  }
};

/// zstd level 1 with kept contexts.
class Zstd {
 public:
  bool compress(const void* data, std::size_t size, Bytes& out) {
    out.resize(ZSTD_compressBound(size));
    const std::size_t used = ZSTD_compressCCtx(c_.get(), out.data(), out.size(), data, size, 1);
    if (ZSTD_isError(used) != 0) return false;
    out.resize(used);
    return true;
  }
  bool decompress(const Bytes& data, void* out, std::size_t size, std::size_t& used) {
    used = ZSTD_decompressDCtx(d_.get(), out, size, data.data(), data.size());
    return ZSTD_isError(used) == 0;
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
    void operator()(ZSTD_DCtx* d) const noexcept { ZSTD_freeDCtx(d); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> c_{ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_DCtx, Free> d_{ZSTD_createDCtx()};
};

class PlainZstd final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    return zstd_.compress(image.pixels.data(), image.bytes(), out);
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    std::size_t used = 0;
    return zstd_.decompress(data, image.pixels.data(), image.bytes(), used) &&
           used == image.bytes();
  }

 private:
  Zstd zstd_;
};

class RvlZstd final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    return rvl_.encode(image, middle_) && zstd_.compress(middle_.data(), middle_.size(), out);
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    middle_.resize(codec::rvl_max_bytes(image.pixels.size()));
    std::size_t used = 0;
    if (!zstd_.decompress(data, middle_.data(), middle_.size(), used)) return false;
    middle_.resize(used);
    return rvl_.decode(middle_, image);
  }

 private:
  Rvl rvl_;
  Zstd zstd_;
  Bytes middle_;
};

/// The difference to the left pixel, all low bytes first, then all high bytes.
class PlanesZstd final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    const std::size_t count = image.pixels.size();
    planes_.resize(count * 2);
    auto* low = reinterpret_cast<std::uint8_t*>(planes_.data());
    std::uint8_t* high = low + count;
    std::uint16_t left = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto delta = static_cast<std::uint16_t>(image.pixels[i] - left);
      left = image.pixels[i];
      low[i] = static_cast<std::uint8_t>(delta);
      high[i] = static_cast<std::uint8_t>(delta >> 8);
    }
    return zstd_.compress(planes_.data(), planes_.size(), out);
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    const std::size_t count = image.pixels.size();
    planes_.resize(count * 2);
    std::size_t used = 0;
    if (!zstd_.decompress(data, planes_.data(), planes_.size(), used) || used != count * 2)
      return false;
    const auto* low = reinterpret_cast<const std::uint8_t*>(planes_.data());
    const std::uint8_t* high = low + count;
    std::uint16_t left = 0;
    for (std::size_t i = 0; i < count; ++i)
      image.pixels[i] = left = static_cast<std::uint16_t>(left + low[i] + high[i] * 256);
    return true;
  }

 private:
  Zstd zstd_;
  Bytes planes_;
};

class Lz4 final : public DepthRival {
 public:
  bool encode(const DepthImage& image, Bytes& out) override {
    const int size = static_cast<int>(image.bytes());
    out.resize(static_cast<std::size_t>(LZ4_compressBound(size)));
    const int used = LZ4_compress_default(reinterpret_cast<const char*>(image.pixels.data()),
                                          reinterpret_cast<char*>(out.data()), size,
                                          static_cast<int>(out.size()));
    out.resize(static_cast<std::size_t>(used));
    return used > 0;
  }
  bool decode(const Bytes& data, DepthImage& image) override {
    const int size = static_cast<int>(image.bytes());
    return LZ4_decompress_safe(reinterpret_cast<const char*>(data.data()),
                               reinterpret_cast<char*>(image.pixels.data()),
                               static_cast<int>(data.size()), size) == size;
  }
};

}  // namespace

std::vector<NamedRival> make_depth_rivals() {
  std::vector<NamedRival> list;
  const auto add = [&](const char* key, const char* label, std::unique_ptr<DepthRival> rival,
                       bool exact = true) {
    if (rival != nullptr) list.push_back({key, label, exact, std::move(rival)});
  };
  add("memcpy", "memcpy", std::make_unique<Memcpy>());
  add("strata_default", "Strata", std::make_unique<Strata>(strata_options{}));
  add("strata_fast", "Strata FAST",
      std::make_unique<Strata>(strata_options{STRATA_FAST, 0, STRATA_NEAR_CODES, 1}));
  add("strata_dense", "Strata DENSE",
      std::make_unique<Strata>(strata_options{STRATA_DENSE, 0, STRATA_NEAR_CODES, 1}));
  add("strata_near1", "Strata NEAR 1",
      std::make_unique<Strata>(strata_options{STRATA_DEFAULT, 1, STRATA_NEAR_CODES, 1}), false);
  add("rvl", "RVL", std::make_unique<Rvl>());
  add("rvl_zstd1", "RVL + zstd 1", std::make_unique<RvlZstd>());
  add("zstd1", "zstd 1", std::make_unique<PlainZstd>());
  add("lz4", "LZ4", std::make_unique<Lz4>());
  add("planes_zstd1", "delta planes + zstd 1", std::make_unique<PlanesZstd>());
  add("png1", "PNG 1", make_png_rival());
  add("jpegls", "JPEG-LS", make_jpegls_rival());
  add("ffv1", "FFV1", make_ffv1_rival());
  return list;
}

}  // namespace lenswire::bench
