// packing.hpp - a last step of a subscriber's own.
#pragma once

#include <cstddef>
#include <vector>

#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::hub {

/// Lays finished pixels out as an older protocol wants them; takes the codec's place. As with any
/// wish, it happens once per frame for all who share it.
///
/// Threading: called from encoder threads, for one frame of a stream at a time.
class Packing {
 public:
  virtual ~Packing() = default;

  /// Replaces `out`. `pixels` is what the rest of the wish made of `frame`.
  virtual Result<void> pack(const frame::ImageView& pixels, const Frame& frame,
                            std::vector<std::byte>& out) const = 0;
};

}  // namespace lenswire::hub
