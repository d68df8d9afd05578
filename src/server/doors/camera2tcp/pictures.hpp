// pictures.hpp - pixels as Camera2TCP sends them, made once per frame for all clients.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <lenswire/result.hpp>

#include "hub/packing.hpp"
#include "wire/camera2tcp/message.hpp"

namespace lenswire::server::camera2tcp {

using wire::camera2tcp::Geometry;

enum class Compression : std::uint8_t { None, Gzip };

/// One gzip member of the bytes, with the fastest compression, replacing `out`.
/// Errors: Busy when out of memory.
/// Threading: reentrant.
Result<void> gzip(std::span<const std::byte> bytes, std::vector<std::byte>& out);

/// BGR pixels brought into a fixed size (filter::fit()). With `marked` a square moves along the
/// diagonal with the frame's number, so that a still picture visibly changes.
class ColorPacking final : public hub::Packing {
 public:
  enum class Mark : std::uint8_t { None, Moving };
  ColorPacking(const Geometry& geometry, Compression compression, Mark mark = Mark::None)
      : geometry_(geometry), compression_(compression), mark_(mark) {}

  [[nodiscard]] const Geometry& geometry() const noexcept { return geometry_; }
  Result<void> pack(const frame::ImageView& pixels, const Frame& frame,
                    std::vector<std::byte>& out) const override;

 private:
  const Geometry geometry_;
  const Compression compression_;
  const Mark mark_;
};

/// Depth as a Kinect v2 has it: 512 x 424 pixels of 16 bit, high byte first, in mm, brought into
/// that size by filter::fit(). What is further than 65.535 m becomes 0, no measurement.
class DepthPacking final : public hub::Packing {
 public:
  explicit DepthPacking(Compression compression) : compression_(compression) {}
  Result<void> pack(const frame::ImageView& pixels, const Frame& frame,
                    std::vector<std::byte>& out) const override;

 private:
  const Compression compression_;
};

}  // namespace lenswire::server::camera2tcp
