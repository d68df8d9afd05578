#include "source/synthetic/room_renderer.hpp"

#include <algorithm>
#include <cstring>

#include "source/synthetic/hash.hpp"
#include "source/synthetic/room_paint.hpp"

namespace lenswire::source::synthetic {
namespace {

constexpr double kNoiseSigmaCodes = 1.5;
constexpr std::uint16_t kNearestMm = 400;  // nearer than anything in the scene, noise included

// Shares of 256 that have no depth though the camera sees the spot.
constexpr std::uint8_t kHolesOfWall = 3;
constexpr std::uint8_t kHolesOfSlantedWall = 9;
constexpr std::uint8_t kHolesOfWindow = 190;
constexpr std::uint8_t kHolesOfObject = 5;
constexpr std::uint8_t kHolesOfGlare = 240;

std::uint8_t hole_share(const RoomHit& hit) noexcept {
  switch (hit.label) {
    case kWindow:
      return kHolesOfWindow;
    case kFloor:
    case kCeiling:
      return kHolesOfSlantedWall;
    default:
      return kHolesOfWall;
  }
}

// Loops over a row, free of branches and of checked indices so that the compiler can use vectors.

void add_noise(const float* disparity, const std::int8_t* noise, float scale, std::size_t count,
               std::int32_t* code) noexcept {
  for (std::size_t u = 0; u < count; ++u)
    code[u] = static_cast<std::int32_t>(disparity[u] + static_cast<float>(noise[u]) * scale + 0.5F);
}

/// Clears what the right imager does not see: there a nearer thing from further right comes first.
void clear_shadows(const float* disparity, std::size_t count, std::int32_t* code) noexcept {
  constexpr auto kCodes = static_cast<float>(RoomScene::kCodesPerPixel);
  float leftmost = 1e9F;
  for (std::size_t u = count; u-- > 0;) {
    const float seen_at = kCodes * static_cast<float>(u) - disparity[u];
    const bool hidden = seen_at < 0.0F || seen_at >= leftmost;
    code[u] = hidden ? 0 : code[u];
    leftmost = seen_at < leftmost ? seen_at : leftmost;
  }
}

void punch_holes(const std::uint8_t* chance, const std::uint8_t* share, std::size_t count,
                 std::int32_t* code) noexcept {
  for (std::size_t u = 0; u < count; ++u) code[u] = chance[u] < share[u] ? 0 : code[u];
}

void look_up(const std::int32_t* code, const std::uint16_t* depth_of_code, std::int32_t last_code,
             std::size_t count, std::uint16_t* out) noexcept {
  for (std::size_t u = 0; u < count; ++u) out[u] = depth_of_code[std::clamp(code[u], 0, last_code)];
}

void add_grain(std::uint8_t* channel, const std::int8_t* noise, std::int16_t scale,
               std::size_t count) noexcept {
  for (std::size_t u = 0; u < count; ++u) {
    const auto grain = static_cast<std::int16_t>(static_cast<std::int16_t>(noise[u] * scale) >> 7);
    const auto sum = static_cast<std::int16_t>(channel[u] + grain);
    const auto low = sum < 0 ? std::int16_t{0} : sum;
    channel[u] = static_cast<std::uint8_t>(low > 255 ? std::int16_t{255} : low);
  }
}

void write_rgb(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
               std::size_t count, std::uint8_t* out) noexcept {
  for (std::size_t u = 0; u < count; ++u) {
    out[3 * u] = red[u];
    out[3 * u + 1] = green[u];
    out[3 * u + 2] = blue[u];
  }
}

std::uint8_t luma(int r, int g, int b) noexcept {
  return static_cast<std::uint8_t>(((66 * r + 129 * g + 25 * b + 128) >> 8) + 16);
}

void write_yuyv(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                std::size_t count, std::uint8_t* out) noexcept {
  for (std::size_t u = 0; u + 1 < count; u += 2) {
    const int r = red[u] + red[u + 1];
    const int g = green[u] + green[u + 1];
    const int b = blue[u] + blue[u + 1];
    out[2 * u] = luma(red[u], green[u], blue[u]);
    out[2 * u + 1] = static_cast<std::uint8_t>(((-38 * r - 74 * g + 112 * b + 256) >> 9) + 128);
    out[2 * u + 2] = luma(red[u + 1], green[u + 1], blue[u + 1]);
    out[2 * u + 3] = static_cast<std::uint8_t>(((112 * r - 94 * g - 18 * b + 256) >> 9) + 128);
  }
}

}  // namespace

void RoomRenderer::Planes::resize(std::size_t count) {
  red.resize(count);
  green.resize(count);
  blue.resize(count);
}

RoomRenderer::RoomRenderer(std::uint32_t width, std::uint32_t height, std::uint64_t seed,
                           std::size_t figures)
    : width_(width),
      height_(height),
      seed_(seed),
      scene_(width, height, seed, figures),
      noise_(seed),
      disparity_(std::size_t{width} * height),
      hole_share_(disparity_.size()),
      color_depth_(disparity_.size()),
      row_disparity_(width),
      row_hole_share_(width),
      row_noise_(width),
      row_chance_(width),
      row_code_(width),
      row_depth_(width) {
  const auto rays_of = [this](const Intrinsics& camera) {
    Rays rays;
    for (std::uint32_t u = 0; u < width_; ++u)
      rays.x.push_back(static_cast<float>((u - camera.cx) / camera.fx));
    for (std::uint32_t v = 0; v < height_; ++v)
      rays.y.push_back(static_cast<float>((v - camera.cy) / camera.fy));
    return rays;
  };
  depth_rays_ = rays_of(scene_.depth_camera());
  color_rays_ = rays_of(scene_.color_camera());

  const auto constant = scene_.disparity_constant();
  depth_of_code_.resize(constant / kNearestMm + 2);
  for (std::uint32_t code = 1; code < depth_of_code_.size(); ++code)
    depth_of_code_[code] =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(65535, (constant + code / 2) / code));

  targets_.reserve(RoomScene::kObjects);
  background_.resize(disparity_.size());
  row_.resize(width);
  cast_depth_background();
  cast_color_background(RoomPattern::Textured);
}

void RoomRenderer::cast_depth_background() {
  const auto constant = static_cast<float>(scene_.disparity_constant()) / 1000.0F;
  for (std::uint32_t v = 0; v < height_; ++v)
    for (std::uint32_t u = 0; u < width_; ++u) {
      const auto hit = cast_room(depth_rays_.x[u], depth_rays_.y[v], 0.0F);
      const auto i = std::size_t{v} * width_ + u;
      disparity_[i] = constant / hit.z;
      hole_share_[i] = hole_share(hit);
    }
}

void RoomRenderer::cast_color_background(RoomPattern pattern) {
  for (std::uint32_t v = 0; v < height_; ++v)
    for (std::uint32_t u = 0; u < width_; ++u) {
      const auto hit = cast_room(color_rays_.x[u], color_rays_.y[v],
                                 static_cast<float>(RoomScene::kColorOffsetM));
      const auto i = std::size_t{v} * width_ + u;
      const auto color = paint_room(hit, pattern, seed_);
      color_depth_[i] = hit.z;
      background_.red[i] = color.red;
      background_.green[i] = color.green;
      background_.blue[i] = color.blue;
    }
  background_pattern_ = pattern;
}

void RoomRenderer::place_targets(std::uint64_t scene_us, const Intrinsics& camera,
                                 double camera_x) {
  targets_.clear();
  figure_parts_.clear();
  for (std::size_t i = 0; i < scene_.figures(); ++i) {
    const auto figure = figure_at(seed_, i, scene_.figures(), scene_us);
    for (const auto& part : figure.parts())
      figure_parts_.emplace_back(part, static_cast<std::uint8_t>(i), camera_x, camera);
  }
  if (scene_.figures() > 0) return;
  for (const auto& object : scene_.objects_at(scene_us)) {
    const Target target(object, camera_x);
    targets_.push_back({target, bounds_of(target, camera)});
  }
}

void RoomRenderer::render_depth(const RoomMoment& moment, std::span<std::uint16_t> out) {
  const auto constant = static_cast<float>(scene_.disparity_constant()) / 1000.0F;
  place_targets(moment.scene_us, scene_.depth_camera(), 0);
  const auto noise_scale = static_cast<float>(moment.look.noise * kNoiseSigmaCodes /
                                              static_cast<double>(NoiseTile::kSigma));
  const auto offset = hash(seed_, moment.number, 1);
  const auto offset_x = static_cast<std::uint32_t>(offset);
  const auto offset_y = static_cast<std::uint32_t>(offset >> 32) % NoiseTile::kSide;
  const auto last_code = static_cast<std::int32_t>(depth_of_code_.size() - 1);

  for (std::uint32_t v = 0; v < height_; ++v) {
    const auto start = std::size_t{v} * width_;
    std::memcpy(row_disparity_.data(), disparity_.data() + start, width_ * sizeof(float));
    std::memcpy(row_hole_share_.data(), hole_share_.data() + start, width_);
    for (const auto& [target, bounds] : targets_) {
      if (v < bounds.top || v >= bounds.bottom) continue;
      for (auto u = bounds.left; u < bounds.right; ++u) {
        const auto hit = cast(target, depth_rays_.x[u], depth_rays_.y[v]);
        if (hit.z <= 0.0F) continue;
        const float disparity = constant / hit.z;
        if (disparity <= row_disparity_[u]) continue;
        row_disparity_[u] = disparity;
        row_hole_share_[u] =
            target.shape == RoomShape::Sphere && glares(hit) ? kHolesOfGlare : kHolesOfObject;
      }
    }
    for (const auto& part : figure_parts_) {
      if (v < part.bounds.top || v >= part.bounds.bottom) continue;
      for (auto u = part.bounds.left; u < part.bounds.right; ++u) {
        const auto hit = cast_figure(part, depth_rays_.x[u], depth_rays_.y[v]);
        if (hit.z <= 0.0F) continue;
        const float disparity = constant / hit.z;
        if (disparity <= row_disparity_[u]) continue;
        row_disparity_[u] = disparity;
        row_hole_share_[u] = kHolesOfObject;
      }
    }
    noise_.gaussian(offset_x, v + offset_y, row_noise_);
    add_noise(row_disparity_.data(), row_noise_.data(), noise_scale, width_, row_code_.data());
    if (moment.look.holes) {
      clear_shadows(row_disparity_.data(), width_, row_code_.data());
      noise_.uniform(offset_x, v + offset_y, row_chance_);
      punch_holes(row_chance_.data(), row_hole_share_.data(), width_, row_code_.data());
    }
    look_up(row_code_.data(), depth_of_code_.data(), last_code, width_, out.data() + start);
  }
}

void RoomRenderer::render_color(const RoomMoment& moment, PixelFormat format,
                                std::span<std::byte> out) {
  const auto pattern = moment.look.pattern;
  if (pattern != background_pattern_) cast_color_background(pattern);
  place_targets(moment.scene_us, scene_.color_camera(), RoomScene::kColorOffsetM);
  // At noise 1, about two grey levels.
  const auto grain = static_cast<std::int16_t>(
      pattern == RoomPattern::Labels ? 0.0 : std::min(moment.look.noise, 4.0) * 11.0 + 0.5);
  const auto offset = hash(seed_, moment.number, 2);
  const auto stride = packed_stride(format, width_);

  for (std::uint32_t v = 0; v < height_; ++v) {
    const auto start = std::size_t{v} * width_;
    std::memcpy(row_.red.data(), background_.red.data() + start, width_);
    std::memcpy(row_.green.data(), background_.green.data() + start, width_);
    std::memcpy(row_.blue.data(), background_.blue.data() + start, width_);
    std::memcpy(row_depth_.data(), color_depth_.data() + start, width_ * sizeof(float));
    for (const auto& [target, bounds] : targets_) {
      if (v < bounds.top || v >= bounds.bottom) continue;
      for (auto u = bounds.left; u < bounds.right; ++u) {
        const auto hit = cast(target, color_rays_.x[u], color_rays_.y[v]);
        if (hit.z <= 0.0F || hit.z >= row_depth_[u]) continue;
        const auto color = paint_object(target, hit, pattern);
        row_depth_[u] = hit.z;
        row_.red[u] = color.red;
        row_.green[u] = color.green;
        row_.blue[u] = color.blue;
      }
    }
    for (const auto& part : figure_parts_) {
      if (v < part.bounds.top || v >= part.bounds.bottom) continue;
      for (auto u = part.bounds.left; u < part.bounds.right; ++u) {
        const auto hit = cast_figure(part, color_rays_.x[u], color_rays_.y[v]);
        if (hit.z <= 0.0F || hit.z >= row_depth_[u]) continue;
        const auto color = paint_figure(part, hit, pattern == RoomPattern::Labels);
        row_depth_[u] = hit.z;
        row_.red[u] = color.red;
        row_.green[u] = color.green;
        row_.blue[u] = color.blue;
      }
    }
    if (grain > 0) {
      std::uint32_t channel_offset = 0;
      for (auto* channel : {&row_.red, &row_.green, &row_.blue}) {
        noise_.gaussian(
            static_cast<std::uint32_t>(offset) + channel_offset,
            v + static_cast<std::uint32_t>(offset >> 32) % NoiseTile::kSide + channel_offset,
            row_noise_);
        add_grain(channel->data(), row_noise_.data(), grain, width_);
        channel_offset += 171;
      }
    }
    auto* row_out = reinterpret_cast<std::uint8_t*>(out.data()) + std::size_t{v} * stride;
    if (format == PixelFormat::YUYV)
      write_yuyv(row_.red.data(), row_.green.data(), row_.blue.data(), width_, row_out);
    else
      write_rgb(row_.red.data(), row_.green.data(), row_.blue.data(), width_, row_out);
  }
}

}  // namespace lenswire::source::synthetic
