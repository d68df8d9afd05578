// message.hpp - the words of Camera2TCP: requests of every version, and the texts that answer them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lenswire::wire::camera2tcp {

enum class Service : std::uint8_t {
  RgbWebcam,
  SimpleImage,
  KinectWebcam,
  KinectDepth,
  KinectSkeleton,
};
inline constexpr std::size_t kServices = 5;

struct Request {
  enum class Kind : std::uint8_t {
    Geometry,  ///< `Connecting2...`: how large is a picture?
    Picture,   ///< the bare word: one picture
    Unknown,   ///< bytes that are no word of any version
  };
  Kind kind = Kind::Unknown;
  Service service = Service::RgbWebcam;  ///< of no meaning where the kind is Unknown

  bool operator==(const Request&) const = default;
};

/// The size of a picture as the protocol tells it. KinectDepth sends its width in the place of the
/// rows; this does not.
struct Geometry {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t channels = 0;  ///< bytes a pixel, but two bytes for the 1 of KinectDepth

  bool operator==(const Geometry&) const = default;
};

inline constexpr Geometry kKinectWebcam{1080, 1920, 3};
inline constexpr Geometry kKinectDepth{424, 512, 1};
inline constexpr std::uint32_t kMaxBodies = 6;

inline constexpr std::string_view kNoService = "no service available";
inline constexpr std::string_view kInvalidRequest = "Invalid request";
inline constexpr std::string_view kNoFrame = "no frame";
inline constexpr std::string_view kNoDepthFrame = "no depth frame";
inline constexpr std::string_view kNoBodies = "no bodies";
inline constexpr std::string_view kNoTrackedBodies = "no tracked bodies";
inline constexpr std::string_view kOnTrack = "on track";

/// What the original reads at once, and all that a parser keeps.
inline constexpr std::size_t kMaxRequestBytes = 1024;

/// "RGBWebcam": the newest word, also used in URLs and logs.
[[nodiscard]] std::string_view to_string(Service service) noexcept;

/// "Connecting2RGBWebcam".
[[nodiscard]] std::string_view geometry_request(Service service) noexcept;

/// Bytes of one picture of this service, without compression.
[[nodiscard]] constexpr std::uint64_t picture_bytes(Service service,
                                                    const Geometry& geometry) noexcept {
  const std::uint64_t pixels = std::uint64_t{geometry.rows} * geometry.columns;
  return pixels * (service == Service::KinectDepth ? 2 : geometry.channels);
}

}  // namespace lenswire::wire::camera2tcp
