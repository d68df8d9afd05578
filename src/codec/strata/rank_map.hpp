// rank_map.hpp - the encoder's side of the rank table: which codes occur, and what number they get.
#pragma once

#include <span>
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

/// Numbers the codes of a camera in rising order, or merges neighbours of them (near).
///
/// A camera's codes are nearly the same from image to image, so what was seen once is kept for a
/// while; what is new in an image is patched there, and then learned. Makes no allocation after
/// construction.
class RankMap {
 public:
  RankMap();

  /// Begins anew: looks at every pixel, or at an eighth of them, and decides whether ranks pay for
  /// their table; near needs them always, and all pixels.
  enum class Look : uint8_t { Eighth, All };
  void build(const PixelRows& image, const strata_options& options, const EncodeKernels& kernels,
             Look look, uint16_t* row_copy);

  /// Whether the last build() made a table that is good for one more image.
  [[nodiscard]] bool lasts() noexcept;
  /// Whether build() is worth the time: not where nearly every pixel has a code of its own, as from
  /// a time-of-flight camera, and for a while after that or after a table did not pay. Forgets the
  /// table.
  [[nodiscard]] bool promises(const PixelRows& image) noexcept;
  /// Adds what was learned, and looks at the image if much of it seems new.
  void adapt(const PixelRows& image, const EncodeKernels& kernels, uint16_t* row_copy);
  /// Codes that had no rank get one with the next adapt().
  void learn(std::span<const Patch> patches) noexcept;

  /// 65536 ranks by code (kNoRank where there is none), or null when the codes stand for
  /// themselves.
  [[nodiscard]] const uint16_t* rank_of() const noexcept {
    return used_ ? rank_of_.data() : nullptr;
  }
  [[nodiscard]] const uint16_t* code_of() const noexcept { return codes_.data(); }

  /// The table as the frame carries it; empty without ranks.
  [[nodiscard]] const uint8_t* bytes() const noexcept { return bytes_.data(); }
  [[nodiscard]] size_t size() const noexcept { return used_ ? size_ : 0; }

 private:
  void mark(const PixelRows& image, const EncodeKernels& kernels, Look look, uint16_t* row_copy);
  void number_codes() noexcept;
  void refuse(uint64_t valid_asked) noexcept;
  void merge(const strata_options& options);
  void write_table();
  [[nodiscard]] bool pays(const PixelRows& image, strata_profile profile) noexcept;

  std::vector<uint64_t> asked_;  ///< a bit per code
  std::vector<uint8_t> seen_;
  std::vector<uint16_t> rank_of_;
  std::vector<uint16_t> codes_;  ///< by rank
  std::vector<uint8_t> bytes_;
  uint32_t count_ = 0;
  uint32_t most_codes_ = 0;  ///< beyond, it is time to forget
  uint32_t age_ = 0;         ///< images since build(), that one included; 0 before
  uint32_t refusals_ = 0;    ///< images that need not even be looked at
  uint64_t valid_asked_ = 0;
  size_t size_ = 0;
  bool used_ = false;
  bool learned_ = false;
};

}  // namespace lenswire::strata
