#include "modules/realsense/rs2_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace lenswire::realsense {
namespace {

constexpr std::array kStreams = {
    StreamName{"depth", Stream::Depth, 0, StreamKind::Depth},
    StreamName{"color", Stream::Color, 0, StreamKind::Color},
    StreamName{"infrared1", Stream::Infrared, 1, StreamKind::Infrared},
    StreamName{"infrared2", Stream::Infrared, 2, StreamKind::Infrared},
    StreamName{"accel", Stream::Accel, 0, StreamKind::Motion},
    StreamName{"gyro", Stream::Gyro, 0, StreamKind::Motion},
};

constexpr PictureSize kUsualSize{640, 480};
constexpr int kUsualRate = 30;
constexpr int kUsualMotionRate = 200;

std::optional<PixelFormat> to_pixel_format(int format) noexcept {
  switch (static_cast<Format>(format)) {
    case Format::Z16:
      return PixelFormat::Z16;
    case Format::Yuyv:
      return PixelFormat::YUYV;
    case Format::Rgb8:
      return PixelFormat::RGB8;
    case Format::Bgr8:
      return PixelFormat::BGR8;
    case Format::Y8:
      return PixelFormat::Y8;
    case Format::Y16:
      return PixelFormat::Y16;
    case Format::MotionXyz32f:
      return PixelFormat::XYZ32F;
    case Format::Any:
      break;
  }
  return std::nullopt;
}

bool is_motion(Stream stream) noexcept { return stream == Stream::Gyro || stream == Stream::Accel; }

bool suits(Stream stream, PixelFormat format) noexcept {
  switch (stream) {
    case Stream::Depth:
      return format == PixelFormat::Z16;
    case Stream::Color:
      return format == PixelFormat::RGB8 || format == PixelFormat::BGR8 ||
             format == PixelFormat::YUYV;
    case Stream::Infrared:
      return format == PixelFormat::Y8 || format == PixelFormat::Y16;
    case Stream::Gyro:
    case Stream::Accel:
      return format == PixelFormat::XYZ32F;
    case Stream::Any:
      break;
  }
  return false;
}

// Lower is better; in this order: size, rate, format.
std::array<std::int64_t, 3> distance(const Offer& offer) noexcept {
  const auto pixels = [](const PictureSize& s) { return std::int64_t{s.width} * s.height; };
  const auto size =
      offer.size == kUsualSize ? -1 : std::abs(pixels(offer.size) - pixels(kUsualSize));
  const auto rate =
      std::abs(offer.rate_hz - (is_motion(offer.stream) ? kUsualMotionRate : kUsualRate));
  const bool plain = offer.format == PixelFormat::RGB8 || offer.format == PixelFormat::Y8;
  return {is_motion(offer.stream) ? 0 : size, rate, plain ? 0 : 1};
}

std::string text_of(const Offer& offer) {
  if (is_motion(offer.stream)) return fmt::format("{} Hz", offer.rate_hz);
  return fmt::format("{} {}x{} at {} Hz", to_string(offer.format), offer.size.width,
                     offer.size.height, offer.rate_hz);
}

}  // namespace

std::span<const StreamName> stream_names() noexcept { return kStreams; }

Result<std::shared_ptr<Session>> Session::open(const Library& library,
                                               std::shared_ptr<Cameras::Camera> camera) {
  std::shared_ptr<Session> session(new Session(library));
  session->camera_ = std::move(camera);
  const auto list =
      library.make(&Api::query_sensors, &Api::delete_sensor_list, session->camera_->device());
  if (!list) return fail(list.error());
  const auto count = library.call(&Api::get_sensors_count, list->get());
  if (!count) return fail(count.error());
  for (int i = 0; i < *count; ++i) {
    auto sensor = library.make(&Api::create_sensor, &Api::delete_sensor, list->get(), i);
    if (!sensor) return fail(sensor.error());
    if (auto added = session->add_part(std::move(*sensor)); !added) return fail(added.error());
  }
  return session;
}

Result<void> Session::add_part(Owned<rs2_sensor> sensor) {
  auto profiles =
      library_.make(&Api::get_stream_profiles, &Api::delete_stream_profiles_list, sensor.get());
  if (!profiles) return fail(profiles.error());
  const auto count = library_.call(&Api::get_stream_profiles_count, profiles->get());
  if (!count) return fail(count.error());
  for (int i = 0; i < *count; ++i) {
    const auto profile = library_.call(&Api::get_stream_profile, profiles->get(), i);
    if (!profile) return fail(profile.error());
    auto offer = read_offer(*profile);
    if (!offer) continue;
    offer->part = parts_.size();
    offers_.push_back(*offer);
  }
  owners_.push_back({sensor.get(), prefix_of(parts_.size())});
  parts_.push_back({std::move(sensor), std::move(*profiles)});
  return {};
}

std::string Session::prefix_of(std::size_t part) const {
  std::string prefix;
  for (const auto& offer : offers_) {
    if (offer.part != part) continue;
    if (offer.stream == Stream::Depth) return "depth";
    if (prefix.empty())
      prefix = offer.stream == Stream::Color      ? "color"
               : offer.stream == Stream::Infrared ? "infrared"
                                                  : "motion";
  }
  return prefix.empty() ? fmt::format("part{}", part) : prefix;
}

std::optional<Offer> Session::read_offer(const rs2_stream_profile* profile) const {
  int stream = 0, format = 0, index = 0, unique_id = 0, rate = 0;
  if (!library_.call(&Api::get_stream_profile_data, profile, &stream, &format, &index, &unique_id,
                     &rate))
    return std::nullopt;
  Offer offer;
  offer.profile = profile;
  offer.stream = static_cast<Stream>(stream);
  offer.index = index;
  offer.rate_hz = rate;
  const auto known = to_pixel_format(format);
  if (!known || !suits(offer.stream, *known)) return std::nullopt;
  offer.format = *known;
  if (is_motion(offer.stream)) {
    offer.size = {1, 1};
    return offer;
  }
  int width = 0, height = 0;
  if (!library_.call(&Api::get_video_stream_resolution, profile, &width, &height) || width <= 0 ||
      height <= 0 || width > 0xFFFF || height > 0xFFFF)
    return std::nullopt;
  offer.size = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
  return offer;
}

Result<Offer> Session::choose(const StreamWish& wish) const {
  const Offer* best = nullptr;
  std::set<std::string> others;
  for (const auto& offer : offers_) {
    if (offer.stream != wish.stream.stream) continue;
    // The only infrared camera of some models has the number 0.
    if (offer.index != wish.stream.index && !(offer.index == 0 && wish.stream.index == 1)) continue;
    others.insert(text_of(offer));
    const bool fits = (!wish.size || *wish.size == offer.size) &&
                      (!wish.rate_hz || *wish.rate_hz == offer.rate_hz) &&
                      (!wish.format || *wish.format == offer.format);
    if (fits && (best == nullptr || distance(offer) < distance(*best))) best = &offer;
  }
  if (best != nullptr) return *best;
  if (others.empty())
    return fail(
        ErrorCode::Unsupported,
        fmt::format("{} {} has no stream {}; leave it out of the option streams",
                    camera_->identity().name, camera_->identity().serial, wish.stream.name));
  return fail(
      ErrorCode::Unsupported,
      fmt::format("{} {} can't give {} as asked for; it offers: {}", camera_->identity().name,
                  camera_->identity().serial, wish.stream.name, fmt::join(others, ", ")));
}

Result<StreamProfile> Session::describe(const Offer& offer, const StreamName& name,
                                        const Offer& reference) const {
  StreamProfile profile;
  profile.stream = name.name;
  profile.kind = name.kind;
  profile.format = offer.format;
  profile.width = offer.size.width;
  profile.height = offer.size.height;
  profile.rate_hz = offer.rate_hz;
  if (name.kind == StreamKind::Depth) {
    const auto unit = library_.call(&Api::get_depth_scale, sensor(offer.part));
    if (!unit) return fail(unit.error());
    profile.depth_unit_m = static_cast<double>(*unit);
  }
  if (!is_motion(offer.stream)) {
    Rs2Intrinsics intrinsics;
    if (library_.call(&Api::get_video_stream_intrinsics, offer.profile, &intrinsics))
      profile.intrinsics = to_intrinsics(intrinsics);
  }
  Rs2Extrinsics extrinsics;
  if (library_.call(&Api::get_extrinsics, offer.profile, reference.profile, &extrinsics))
    profile.reference_from_stream = to_extrinsics(extrinsics);
  return profile;
}

std::optional<Intrinsics> to_intrinsics(const Rs2Intrinsics& from) {
  if (from.width <= 0 || from.height <= 0 || !(from.fx > 0) || !(from.fy > 0)) return std::nullopt;
  Intrinsics out;
  out.width = static_cast<std::uint32_t>(from.width);
  out.height = static_cast<std::uint32_t>(from.height);
  out.fx = static_cast<double>(from.fx);
  out.fy = static_cast<double>(from.fy);
  out.cx = static_cast<double>(from.ppx);
  out.cy = static_cast<double>(from.ppy);
  for (std::size_t i = 0; i < std::size(from.coefficients); ++i)
    out.distortion[i] = static_cast<double>(from.coefficients[i]);
  const bool straight =
      std::all_of(out.distortion.begin(), out.distortion.end(), [](double k) { return k == 0; });
  switch (static_cast<Distortion>(from.model)) {
    case Distortion::BrownConrady:
    // Differs in the tangential part alone, by the product of two small terms.
    case Distortion::ModifiedBrownConrady:
      out.model = DistortionModel::BrownConrady;
      break;
    case Distortion::InverseBrownConrady:
      out.model = DistortionModel::InverseBrownConrady;
      break;
    case Distortion::KannalaBrandt4:
      out.model = DistortionModel::KannalaBrandt4;
      return out;  // bends lines even with coefficients of 0
    case Distortion::None:
      out.model = DistortionModel::None;
      out.distortion = {};
      return out;
    default:
      return std::nullopt;
  }
  if (straight) out.model = DistortionModel::None;
  return out;
}

Extrinsics to_extrinsics(const Rs2Extrinsics& from) {
  Extrinsics out;
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 3; ++column)
      out.rotation[row * 3 + column] = static_cast<double>(from.rotation[column * 3 + row]);
  for (std::size_t i = 0; i < 3; ++i)
    out.translation_m[i] = static_cast<double>(from.translation[i]);
  return out;
}

}  // namespace lenswire::realsense
