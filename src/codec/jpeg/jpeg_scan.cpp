#include "codec/jpeg/jpeg_scan.hpp"

#include <cstring>
#include <optional>

#include "codec/limits.hpp"

namespace lenswire::codec {
namespace {

constexpr std::uint8_t kSoi = 0xd8;
constexpr std::uint8_t kEoi = 0xd9;
constexpr std::uint8_t kSos = 0xda;
constexpr std::uint8_t kDht = 0xc4;
constexpr std::uint8_t kTem = 0x01;

// A coded block takes at least one bit, and with the most uneven sampling factors one block stands
// for 128 pixels.
constexpr std::uint64_t kMostPixelsPerByte = 8 * 128;

constexpr bool is_restart(std::uint8_t marker) { return marker >= 0xd0 && marker <= 0xd7; }

constexpr bool is_frame_header(std::uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != kDht && marker != 0xc8 && marker != 0xcc;
}

tl::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::InvalidArgument, std::string("the JPEG is damaged: ") + what);
}

tl::unexpected<Error> cut_short() {
  return fail(ErrorCode::Truncated, "the JPEG ends before its picture begins");
}

class MarkerWalk {
 public:
  explicit MarkerWalk(std::span<const std::byte> data) : data_(data) {}

  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t marker_position() const { return position_ - 2; }
  [[nodiscard]] bool at_end() const { return position_ >= data_.size(); }

  // The next marker when one stands right here, fill bytes before it allowed.
  std::optional<std::uint8_t> marker() {
    const std::size_t start = position_;
    while (position_ < data_.size() && byte(position_) == 0xff) ++position_;
    if (at_end() || position_ == start) return std::nullopt;
    return byte(position_++);
  }

  // The body of the segment whose marker was just read.
  std::optional<std::span<const std::byte>> segment() {
    if (data_.size() - position_ < 2) return std::nullopt;
    const std::size_t length = std::size_t{byte(position_)} << 8 | byte(position_ + 1);
    if (length < 2 || length > data_.size() - position_) return std::nullopt;
    const auto body = data_.subspan(position_ + 2, length - 2);
    position_ += length;
    return body;
  }

  // Past entropy coded bytes, to the marker that ends them.
  void skip_entropy_coded() {
    while (position_ < data_.size()) {
      const auto* found = static_cast<const std::byte*>(
          std::memchr(data_.data() + position_, 0xff, data_.size() - position_));
      if (found == nullptr) break;
      position_ = static_cast<std::size_t>(found - data_.data());
      std::size_t next = position_;
      while (next < data_.size() && byte(next) == 0xff) ++next;
      if (next == data_.size()) break;
      if (byte(next) != 0 && !is_restart(byte(next))) return;
      position_ = next + 1;
    }
    position_ = data_.size();
  }

 private:
  [[nodiscard]] std::uint8_t byte(std::size_t at) const {
    return std::to_integer<std::uint8_t>(data_[at]);
  }

  std::span<const std::byte> data_;
  std::size_t position_ = 0;
};

Result<void> read_frame_header(std::uint8_t marker, std::span<const std::byte> body,
                               JpegSummary& summary) {
  if (marker > 0xc2)
    return fail(ErrorCode::Unsupported, "the JPEG is arithmetic coded, lossless or hierarchical");
  if (summary.components != 0) return damaged("two frame headers");
  if (body.size() < 6) return damaged("a short frame header");
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(body[i]); };
  if (at(0) != 8) return fail(ErrorCode::Unsupported, "the JPEG has more than 8 bits a sample");
  summary.height = at(1) << 8 | at(2);
  summary.width = at(3) << 8 | at(4);
  summary.components = static_cast<int>(at(5));
  summary.progressive = marker == 0xc2;
  if (summary.components < 1 || summary.components > 4 ||
      body.size() != 6 + 3 * static_cast<std::size_t>(summary.components))
    return damaged("a frame header with a wrong number of components");
  if (!size_allowed(summary.width, summary.height))
    return fail(ErrorCode::InvalidArgument, "the JPEG claims a size beyond the limits");
  return {};
}

// From SOI to the end of the first scan's header.
Result<JpegSummary> walk_head(MarkerWalk& walk) {
  JpegSummary summary;
  const auto start = walk.marker();
  if (!start && walk.at_end()) return cut_short();
  if (start != kSoi) return fail(ErrorCode::InvalidArgument, "not a JPEG");
  for (;;) {
    const auto marker = walk.marker();
    if (!marker && walk.at_end()) return cut_short();
    if (!marker) return damaged("bytes that belong to no segment");
    if (*marker == kEoi) return damaged("it has no picture");
    if (*marker == 0 || *marker == kTem || *marker == kSoi || is_restart(*marker))
      return damaged("a marker out of place");
    const std::size_t marker_position = walk.marker_position();
    const auto body = walk.segment();
    if (!body) return cut_short();
    if (*marker == kDht) summary.has_huffman_tables = true;
    if (is_frame_header(*marker)) {
      if (auto read = read_frame_header(*marker, *body, summary); !read) return fail(read.error());
    }
    if (*marker == kSos) {
      if (summary.components == 0) return damaged("a scan before the frame header");
      summary.scans = 1;
      summary.first_scan = marker_position;
      return summary;
    }
  }
}

}  // namespace

Result<JpegSummary> scan_jpeg_head(std::span<const std::byte> data) {
  MarkerWalk walk(data);
  auto summary = walk_head(walk);
  if (summary) summary->end = data.size();
  return summary;
}

Result<JpegSummary> scan_jpeg(std::span<const std::byte> data) {
  MarkerWalk walk(data);
  auto summary = walk_head(walk);
  if (!summary) return summary;
  const std::uint64_t pixels = std::uint64_t{summary->width} * summary->height;
  if (pixels / kMostPixelsPerByte > data.size())
    return fail(ErrorCode::InvalidArgument, "the JPEG is too short for the size it claims");
  for (;;) {
    walk.skip_entropy_coded();
    const auto marker = walk.marker();
    if (!marker) break;
    if (*marker == kEoi) {
      summary->complete = true;
      break;
    }
    if (*marker == kSoi || *marker == kTem || is_frame_header(*marker))
      return damaged("a marker out of place");
    if (*marker == kSos) {
      ++summary->scans;
      if (summary->scans > kMaxJpegScans ||
          pixels * static_cast<std::uint64_t>(summary->scans) > kMaxJpegPixelScans)
        return fail(ErrorCode::InvalidArgument, "the JPEG has more scans than the limits allow");
    }
    if (!walk.segment()) break;
  }
  summary->end = walk.position();
  return summary;
}

}  // namespace lenswire::codec
