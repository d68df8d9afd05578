#include "server/doors/camera2tcp/pictures.hpp"

#include <zlib.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "filter/fit.hpp"
#include "source/image/image_source.hpp"

namespace lenswire::server::camera2tcp {
namespace {

constexpr int kFastest = 1;
constexpr int kGzipWindow = 15 + 16;
constexpr double kMillimetresPerMetre = 1000;

// Keeps zlib's memory from frame to frame.
class Deflater {
 public:
  Deflater()
      : ready_(::deflateInit2(&stream_, kFastest, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
               Z_OK) {}
  ~Deflater() {
    if (ready_) ::deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  bool run(std::span<const std::byte> bytes, std::vector<std::byte>& out) {
    if (!ready_ || ::deflateReset(&stream_) != Z_OK) return false;
    out.resize(::deflateBound(&stream_, bytes.size()));
    // zlib's input is not const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const bool done = ::deflate(&stream_, Z_FINISH) == Z_STREAM_END;
    out.resize(done ? out.size() - stream_.avail_out : 0);
    return done;
  }

 private:
  z_stream stream_{};
  const bool ready_;
};

Result<void> deliver(std::span<const std::byte> bytes, Compression compression,
                     std::vector<std::byte>& out) {
  if (compression == Compression::Gzip) return gzip(bytes, out);
  out.assign(bytes.begin(), bytes.end());
  return {};
}

}  // namespace

Result<void> gzip(std::span<const std::byte> bytes, std::vector<std::byte>& out) {
  thread_local Deflater deflater;
  if (!deflater.run(bytes, out)) return fail(ErrorCode::Busy, "gzip: out of memory");
  return {};
}

Result<void> ColorPacking::pack(const frame::ImageView& pixels, const Frame& frame,
                                std::vector<std::byte>& out) const {
  thread_local frame::Image fitted;
  if (auto done = filter::fit(pixels, geometry_.columns, geometry_.rows, fitted); !done)
    return done;
  if (mark_ == Mark::Moving) source::draw_mark(fitted, frame.sequence);
  return deliver(fitted.data, compression_, out);
}

Result<void> DepthPacking::pack(const frame::ImageView& pixels, const Frame& frame,
                                std::vector<std::byte>& out) const {
  constexpr auto kSize = wire::camera2tcp::kKinectDepth;
  thread_local frame::Image fitted;
  if (auto done = filter::fit(pixels, kSize.columns, kSize.rows, fitted); !done) return done;
  const double unit_mm = frame.profile->depth_unit_m * kMillimetresPerMetre;
  const bool in_mm = std::abs(unit_mm - 1) < 1e-9;
  auto* bytes = fitted.data.data();
  for (std::size_t i = 0; i < fitted.data.size(); i += 2) {
    std::uint16_t value = 0;
    std::memcpy(&value, bytes + i, 2);
    if (!in_mm && value != kNoDepth) {
      const double millimetres = std::round(value * unit_mm);
      value =
          millimetres > 65535 ? kNoDepth : static_cast<std::uint16_t>(std::max(1.0, millimetres));
    }
    bytes[i] = static_cast<std::byte>(value >> 8);
    bytes[i + 1] = static_cast<std::byte>(value & 0xff);
  }
  return deliver(fitted.data, compression_, out);
}

}  // namespace lenswire::server::camera2tcp
