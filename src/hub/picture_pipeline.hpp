// picture_pipeline.hpp - from a captured frame to the bytes of a wish.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>

#include "codec/codec.hpp"
#include "frame/image.hpp"
#include "hub/wish.hpp"

namespace lenswire::hub {

/// Decode (where the source is compressed and the wish needs pixels), filter, crop, scale, cut the
/// depth range, colourise, convert, encode. Keeps its scratch memory, and what its filters
/// remember.
///
/// Threading: reentrant.
class PicturePipeline {
 public:
  explicit PicturePipeline(const Wish& wish);

  /// Whether frames of this profile go out as they are.
  [[nodiscard]] static bool passes_through(const StreamProfile& source, const Wish& wish) noexcept;

  /// Replaces `out`. Errors: what decoder, filters and encoder say.
  Result<void> run(const Frame& frame, std::vector<std::byte>& out);

  /// What the depth filters did in the last run(); nothing where the wish has none.
  struct FilterWork {
    Nanoseconds took{};
    bool failed = false;
  };
  [[nodiscard]] const std::optional<FilterWork>& filter_work() const noexcept {
    return filter_work_;
  }

 private:
  Result<frame::ImageView> decode(const Frame& frame);
  Result<frame::ImageView> depth_steps(const frame::ImageView& view, double depth_unit_m);
  // The picture buffer that `view` does not lie in.
  frame::Image& other(const frame::ImageView& view) noexcept;

  const Wish wish_;
  filter::ChainRunner filters_;
  std::unique_ptr<codec::Encoder> encoder_;
  std::unique_ptr<codec::Decoder> jpeg_decoder_;
  frame::Image decoded_;
  std::array<frame::Image, 2> scratch_;
  std::optional<FilterWork> filter_work_;
};

/// The pixel format that the wish's codec gets from this source: the same where it takes it, else
/// what conversion offers.
/// Errors: Unsupported.
[[nodiscard]] Result<PixelFormat> encoder_format(const StreamProfile& source, const Wish& wish);

}  // namespace lenswire::hub
