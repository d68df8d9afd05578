// frame_packing.hpp - a picture as EtherSense sends it: header and pickle in one piece.
#pragma once

#include "base/clock.hpp"
#include "hub/packing.hpp"
#include "wire/pickle/encode.hpp"

namespace lenswire::server::ethersense {

/// Z16 and Y16 become uint16 arrays, Y8 uint8 ones, rows x columns. The time is that of the capture
/// in Unix milliseconds; a later step of the wall clock does not show in it, because viewers only
/// ever use differences.
class FramePacking final : public hub::Packing {
 public:
  FramePacking(wire::pickle::Dialect dialect, const base::Clock& clock)
      : dialect_(dialect), utc_at_zero_(clock.to_utc(MonotonicTime{})) {}

  /// Errors: Unsupported for other formats, and for pictures that no viewer would take.
  Result<void> pack(const frame::ImageView& pixels, const Frame& frame,
                    std::vector<std::byte>& out) const override;

 private:
  const wire::pickle::Dialect dialect_;
  const UtcTime utc_at_zero_;
};

}  // namespace lenswire::server::ethersense
