// codec.hpp - encoders and decoders, and the one table of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <lenswire/codec_id.hpp>
#include <lenswire/pixel_format.hpp>
#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::codec {

struct EncoderSettings {
  int quality = 80;  ///< JPEG: 1..100
};

/// Turns pictures into bytes. Keeps its scratch memory, so after the first frame of a size it does
/// not allocate.
///
/// Threading: reentrant.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// Replaces the contents of `out`.
  /// Errors: Unsupported for a pixel format this codec does not take; InvalidArgument for a view
  /// whose data is too short for its size.
  virtual Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) = 0;
};

/// Turns bytes into pictures. Safe on hostile input.
///
/// Threading: reentrant.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// `image` comes with the format, width and height that the frame announced; the decoder sets the
  /// stride and the data. A picture of another size or format is an error, except that a format of
  /// JPEG or MJPEG lets the decoder choose (Y8 or RGB8) and tell.
  /// Errors: InvalidArgument (damaged), Truncated, Unsupported.
  virtual Result<void> decode(std::span<const std::byte> data, frame::Image& image) = 0;
};

struct CodecEntry {
  CodecId id;
  std::string_view name;          ///< "strata"; as on the wire, in URLs and on command lines
  std::string_view content_type;  ///< for HTTP
  bool exact;                     ///< what is decoded equals what was encoded
  /// Whether the encoder takes this format (others are converted by a filter first).
  bool (*accepts)(PixelFormat format) noexcept;
  std::unique_ptr<Encoder> (*make_encoder)(const EncoderSettings& settings);
  std::unique_ptr<Decoder> (*make_decoder)();
};

/// Every codec of this build.
[[nodiscard]] std::span<const CodecEntry> codec_table() noexcept;

/// The entry, or null.
[[nodiscard]] const CodecEntry* find_codec(CodecId id) noexcept;
[[nodiscard]] const CodecEntry* find_codec(std::string_view name) noexcept;

}  // namespace lenswire::codec
