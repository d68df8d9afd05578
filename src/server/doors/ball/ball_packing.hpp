// ball_packing.hpp - a picture as the ball protocol sends it: a pickled numpy array.
#pragma once

#include <cstdint>
#include <optional>

#include "hub/packing.hpp"
#include "wire/ball/estimate.hpp"

namespace lenswire::server::ball {

/// BGR pixels brought into a fixed size (filter::fit()), as a pickled uint8 array of rows x columns
/// x 3.
class BallPacking final : public hub::Packing {
 public:
  BallPacking(std::uint32_t width, std::uint32_t height) : width_(width), height_(height) {}

  [[nodiscard]] std::uint32_t width() const noexcept { return width_; }
  [[nodiscard]] std::uint32_t height() const noexcept { return height_; }

  /// Errors: Unsupported for other pixels than BGR8.
  Result<void> pack(const frame::ImageView& pixels, const Frame& frame,
                    std::vector<std::byte>& out) const override;

  /// Where the frame's ball is in the packed picture; nothing where nobody knows.
  [[nodiscard]] std::optional<wire::ball::Estimate> truth(const Frame& frame) const noexcept;

 private:
  const std::uint32_t width_;
  const std::uint32_t height_;
};

}  // namespace lenswire::server::ball
