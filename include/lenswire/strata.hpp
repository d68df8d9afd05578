// strata.hpp - Strata, an exact codec for 16-bit depth images, for C++. Needs only strata.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include <lenswire/strata.h>

namespace lenswire {

/// The phrase for a status other than STRATA_OK.
[[nodiscard]] inline std::string_view to_string(strata_status status) noexcept {
  return strata_status_text(status);
}

/// Compresses depth images. Keeps its memory: after the first image of a size nothing is allocated.
///
/// The bytes do not depend on the machine, the SIMD target or the number of threads. They may
/// depend on the images before: a camera's set of codes is learned once and then kept for a while.
/// Every image still carries all that its reader needs.
///
/// Threading: reentrant.
class StrataEncoder {
 public:
  /// Throws std::bad_alloc when out of memory or for a near limit above 255.
  explicit StrataEncoder(const strata_options& options = {})
      : encoder_(strata_encoder_create(&options)) {
    if (encoder_ == nullptr) throw std::bad_alloc();
  }

  /// Replaces the contents of `out`. `pixels` points to `height` rows of `width` 16-bit numbers,
  /// `stride_bytes` apart; 0 means "no measurement".
  [[nodiscard]] strata_status encode(const void* pixels, std::size_t stride_bytes,
                                     std::uint32_t width, std::uint32_t height,
                                     std::vector<std::byte>& out) {
    // Not in `out`, which would be filled with zeros first.
    const std::size_t room = strata_max_bytes(width, height);
    if (room > room_) {
      memory_ = std::make_unique_for_overwrite<std::byte[]>(room);
      room_ = room;
    }
    std::size_t size = 0;
    const strata_status status =
        encode(pixels, stride_bytes, width, height, {memory_.get(), room_}, size);
    out.assign(memory_.get(), memory_.get() + (status == STRATA_OK ? size : 0));
    return status;
  }

  /// The same into memory of at least strata_max_bytes(); `size` receives what was used.
  [[nodiscard]] strata_status encode(const void* pixels, std::size_t stride_bytes,
                                     std::uint32_t width, std::uint32_t height,
                                     std::span<std::byte> out, std::size_t& size) {
    size = 0;
    return strata_encode(encoder_.get(), pixels, stride_bytes, width, height, out.data(),
                         out.size(), &size);
  }

 private:
  struct Destroy {
    void operator()(strata_encoder* encoder) const noexcept { strata_encoder_destroy(encoder); }
  };
  std::unique_ptr<strata_encoder, Destroy> encoder_;
  std::unique_ptr<std::byte[]> memory_;
  std::size_t room_ = 0;
};

/// Restores depth images and checks that they are what was encoded. Safe on hostile input.
///
/// Threading: reentrant.
class StrataDecoder {
 public:
  /// Throws std::bad_alloc when out of memory.
  explicit StrataDecoder(std::uint32_t threads = 1) : decoder_(strata_decoder_create(threads)) {
    if (decoder_ == nullptr) throw std::bad_alloc();
  }

  /// Fills `height` rows of `width` pixels, `stride_bytes` apart. After an error they are
  /// undefined.
  [[nodiscard]] strata_status decode(std::span<const std::byte> data, void* pixels,
                                     std::size_t stride_bytes, std::uint32_t width,
                                     std::uint32_t height) {
    return strata_decode(decoder_.get(), data.data(), data.size(), pixels, stride_bytes, width,
                         height);
  }

 private:
  struct Destroy {
    void operator()(strata_decoder* decoder) const noexcept { strata_decoder_destroy(decoder); }
  };
  std::unique_ptr<strata_decoder, Destroy> decoder_;
};

}  // namespace lenswire
