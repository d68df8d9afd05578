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
  /// bytes() until the next call.
  void encode(const PixelRows& rows, uint32_t first_row, const RankMap& ranks,
              const strata_options& options, const EncodeKernels& kernels,
              const DecodeKernels& shared);

  /// The same, with the pixels as they are.
  void encode_raw(const PixelRows& rows, uint32_t first_row, const strata_options& options,
                  const DecodeKernels& shared);

  [[nodiscard]] const uint8_t* bytes() const noexcept { return out_.data(); }
  [[nodiscard]] size_t size() const noexcept { return size_; }

 private:
  uint8_t* write_mask(uint32_t words, uint32_t segments, uint32_t valid,
                      const EncodeKernels& kernels, uint8_t* out);
  uint8_t* write_sides(uint8_t* sides_end, const EncodeKernels& kernels, uint8_t* out);
  uint8_t* write_class(uint32_t index, uint32_t count, const EncodeKernels& kernels, uint8_t* out);

  std::vector<uint32_t> mask_;
  std::vector<uint8_t> mask_flags_;
  std::vector<uint8_t> mask_bytes_;
  std::vector<uint8_t> sides_;
  std::vector<int16_t> residuals_[kClasses];
  std::vector<uint8_t> pairs_;
  std::vector<uint8_t> lows_;
  std::vector<uint8_t> escapes_;
  std::vector<uint16_t> rows_;
  std::vector<uint16_t> row_copy_;
  std::vector<uint16_t> near_row_;
  std::vector<uint8_t> out_;
  size_t size_ = 0;
  uint32_t pixels_ = 0;
};

}  // namespace lenswire::strata
