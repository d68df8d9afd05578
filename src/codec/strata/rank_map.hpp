// rank_map.hpp - the encoder's side of the rank table: which codes occur, and what number they get.
#pragma once

#include <vector>

#include "encode_kernels.hpp"
#include "lenswire/strata.h"

namespace lenswire::strata {

/// Pixels as the encoder gets them.
struct PixelRows {
  const uint8_t* first;
  size_t stride_bytes;
  uint32_t width;
  uint32_t height;

  /// Row y. Where the caller's rows are at odd addresses, in `copy`.
  const uint16_t* row(uint32_t y, uint16_t* copy) const noexcept;
};

/// Numbers the codes of one image in rising order, or merges neighbours of them (near).
///
/// Reused from image to image; makes no allocation after construction.
class RankMap {
 public:
  RankMap();

  /// Looks at every pixel and decides whether ranks pay for their table; near always needs them.
  void build(const PixelRows& image, const strata_options& options, const EncodeKernels& kernels,
             uint16_t* row_copy);

  /// 65536 ranks by code, or null when the codes stand for themselves.
  [[nodiscard]] const uint16_t* rank_of() const noexcept {
    return used_ ? rank_of_.data() : nullptr;
  }
  [[nodiscard]] const uint16_t* code_of() const noexcept { return codes_.data(); }

  /// Whether no pixel of the image is valid.
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  /// The table as the frame carries it; empty without ranks.
  [[nodiscard]] const uint8_t* bytes() const noexcept { return bytes_.data(); }
  [[nodiscard]] size_t size() const noexcept { return used_ ? size_ : 0; }

 private:
  void merge(const strata_options& options);
  void write_table();
  [[nodiscard]] bool pays(const PixelRows& image, uint16_t* row_copy) const noexcept;

  std::vector<uint8_t> seen_;
  std::vector<uint16_t> rank_of_;
  std::vector<uint16_t> codes_;  ///< by rank
  std::vector<uint8_t> bytes_;
  uint32_t count_ = 0;
  size_t size_ = 0;
  bool used_ = false;
};

}  // namespace lenswire::strata
