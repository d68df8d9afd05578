// band_encoder.hpp - compresses a group of rows.
#pragma once

#include <vector>

#include "rank_map.hpp"

namespace lenswire::strata {

/// Rows per band: bands of about 2^18 pixels.
[[nodiscard]] uint32_t choose_band_rows(uint32_t width, uint32_t height) noexcept;

/// Compresses one band after another; one per thread. Allocates when a band is larger than all
/// before it.
class BandEncoder {
 public:
  /// May throw std::bad_alloc.
  void reserve(uint32_t width, uint32_t rows);

  /// `rows` are the band's own; `first_row` is where it lies in the image. The result is at
  /// bytes() until the next call. False, with no result, when too many pixels have no rank.
  bool encode(const PixelRows& rows, uint32_t first_row, const RankMap& ranks,
              const strata_options& options, const EncodeKernels& kernels,
              const DecodeKernels& shared);

  /// The same, with the pixels as they are.
  void encode_raw(const PixelRows& rows, uint32_t first_row, const strata_options& options,
                  const DecodeKernels& shared);

  /// Pixels whose code had no rank.
  [[nodiscard]] std::span<const Patch> patches() const noexcept {
    return {patches_.data(), patch_count_};
  }
  [[nodiscard]] const uint8_t* bytes() const noexcept { return out_.data(); }
  [[nodiscard]] size_t size() const noexcept { return size_; }

 private:
  /// What one walk over the rows leaves behind, beside the buffers.
  struct Walk {
    HashState hash;
    uint32_t valid = 0;
    uint32_t occupied = 0;
    uint32_t best_shift = 0;
    bool shift_tolerable = true;  ///< the one that was used
    Escapes escapes;
    uint8_t* packed_end;
  };

  bool walk(const PixelRows& rows, uint32_t first_row, const RankMap& ranks,
            const strata_options& options, const EncodeKernels& kernels,
            const DecodeKernels& shared, uint32_t shift, Walk& result);
  uint8_t* write_mask(uint32_t words, uint32_t segments, uint32_t valid,
                      const EncodeKernels& kernels, uint8_t* out);
  uint8_t* write_modes(uint32_t count, const EncodeKernels& kernels, uint8_t* out);
  uint8_t* write_paired(const Walk& walked, uint32_t shift, const EncodeKernels& kernels,
                        uint8_t* out);
  uint8_t* write_packed(const Walk& walked, uint8_t* out);
  uint8_t* write_patches(uint8_t* out) const;

  std::vector<uint32_t> mask_;
  std::vector<uint8_t> mask_flags_;
  std::vector<uint8_t> mask_bytes_;
  std::vector<uint8_t> modes_;
  std::vector<int16_t> residuals_;
  std::vector<Patch> patches_;
  std::vector<uint8_t> pairs_;
  std::vector<uint8_t> lows_;
  std::vector<uint8_t> escapes_;
  std::vector<uint8_t> wide_;
  std::vector<uint16_t> rows_;
  std::vector<uint16_t> row_copy_;
  std::vector<uint16_t> near_row_;
  std::vector<uint8_t> widths_;
  std::vector<uint8_t> packed_;
  std::vector<uint8_t> out_;
  size_t size_ = 0;
  size_t patch_count_ = 0;
  uint32_t shift_ = 0;  ///< of the last band: likely good for the next
  uint32_t pixels_ = 0;
};

}  // namespace lenswire::strata
