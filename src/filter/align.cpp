#include "filter/align.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "filter/z16_rows.hpp"

namespace lenswire::filter {
namespace {

// Points in units of the depth code: scaling all of space changes no projection.
struct Prepared {
  Projection projection;
  std::array<double, 9> matrix{};
};

Result<Prepared> prepare(const AlignedPair& pair, double depth_unit_m) {
  if (auto ok = check_camera(pair.from, pair.from.width, pair.from.height, "align"); !ok)
    return fail(std::move(ok).error());
  if (auto ok = check_camera(pair.to, pair.to.width, pair.to.height, "align"); !ok)
    return fail(std::move(ok).error());
  bool good = depth_unit_m > 0 && std::isfinite(depth_unit_m);
  for (const double value : pair.to_from_from.rotation) good = good && std::abs(value) <= 1.1;
  for (const double value : pair.to_from_from.translation_m) good = good && std::abs(value) <= 1000;
  if (!good)
    return fail(ErrorCode::InvalidArgument,
                "align: the depth unit must be positive, and the extrinsics a rotation and metres");
  Prepared out;
  const auto& to = pair.to;
  auto& projection = out.projection;
  projection.straight = !bends(to);
  projection.camera = to;
  projection.width = static_cast<std::int32_t>(to.width);
  projection.height = static_cast<std::int32_t>(to.height);
  projection.fx = static_cast<float>(to.fx);
  projection.fy = static_cast<float>(to.fy);
  projection.cx = static_cast<float>(to.cx);
  projection.cy = static_cast<float>(to.cy);
  const std::size_t coefficients = to.model == DistortionModel::InverseBrownConrady ? 5 : 8;
  for (std::size_t i = 0; i < coefficients; ++i)
    projection.bend.at(i) = static_cast<float>(to.distortion.at(i));
  std::array<double, 9> lens{1, 0, 0, 0, 1, 0, 0, 0, 1};
  if (projection.straight) lens = {to.fx, 0, to.cx, 0, to.fy, to.cy, 0, 0, 1};
  out.matrix = multiply(lens, pair.to_from_from.rotation);
  const auto& t = pair.to_from_from.translation_m;
  for (std::size_t i = 0; i < 3; ++i)
    projection.t.at(i) = static_cast<float>(
        (lens.at(3 * i) * t[0] + lens.at(3 * i + 1) * t[1] + lens.at(3 * i + 2) * t[2]) /
        depth_unit_m);
  return out;
}

Result<void> check_size(const frame::ImageView& in, std::uint32_t width, std::uint32_t height) {
  if (in.width == width && in.height == height) return {};
  return fail(ErrorCode::InvalidArgument, "align: the calibration belongs to pictures of " +
                                              std::to_string(width) + "x" + std::to_string(height) +
                                              ", not " + std::to_string(in.width) + "x" +
                                              std::to_string(in.height));
}

// Pixels hold their code less 1, so that "none" is the farthest of all.
//
// Footprints of at most 2 x 2. Neighbours mostly lie in the same rows: such a run is drawn into one
// line, which then goes into its rows as a whole.
void draw_small(const Footprints& from, std::size_t count, std::size_t width, std::uint16_t* out,
                std::vector<std::uint16_t>& line) {
  line.resize(width, 0xffff);
  std::uint16_t* const pixels = line.data();
  for (std::size_t i = 0; i < count;) {
    if (from.code[i] == 0xffff) {
      ++i;
      continue;
    }
    const auto top = from.top[i], bottom = from.bottom[i];
    std::size_t first = width, last = 0;
    for (;
         i < count && (from.code[i] == 0xffff || (from.top[i] == top && from.bottom[i] == bottom));
         ++i) {
      const auto code = from.code[i];
      if (code == 0xffff) continue;
      const std::size_t left = from.left[i], right = from.right[i];
      // They may be the same: cheaper than a branch that nobody can predict.
      pixels[left] = std::min(pixels[left], code);
      pixels[right] = std::min(pixels[right], code);
      first = std::min(first, left);
      last = std::max(last, right);
    }
    std::uint16_t* __restrict upper = out + top * width;
    std::uint16_t* __restrict from_line = pixels;
    for (std::size_t x = first; x <= last; ++x) upper[x] = std::min(upper[x], from_line[x]);
    if (bottom != top) {
      std::uint16_t* __restrict lower = out + bottom * width;
      for (std::size_t x = first; x <= last; ++x) lower[x] = std::min(lower[x], from_line[x]);
    }
    std::fill(pixels + first, pixels + last + 1, std::uint16_t{0xffff});
  }
}

void draw(const Footprints& from, std::size_t count, std::size_t width, std::uint16_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = from.code[i];
    if (code == 0xffff) continue;
    for (std::size_t y = from.top[i]; y <= from.bottom[i]; ++y)
      for (std::size_t x = from.left[i]; x <= from.right[i]; ++x)
        out[y * width + x] = std::min(out[y * width + x], code);
  }
}

}  // namespace

Result<AlignedPair> AlignedPair::of(const StreamProfile& from, const StreamProfile& to) {
  for (const auto* profile : {&from, &to})
    if (!profile->intrinsics)
      return fail(ErrorCode::InvalidArgument,
                  "align: stream '" + profile->stream +
                      "' has no intrinsics; give it a calibration with `lenswire calibration set`");
  if (!from.reference_from_stream && !to.reference_from_stream)
    return fail(ErrorCode::InvalidArgument,
                "align: nobody knows how '" + from.stream + "' and '" + to.stream +
                    "' stand to each other; give one of them extrinsics with `lenswire calibration "
                    "set`");
  return AlignedPair{*from.intrinsics, *to.intrinsics,
                     between(from.reference_from_stream.value_or(Extrinsics{}),
                             to.reference_from_stream.value_or(Extrinsics{}))};
}

Result<DepthToColor> DepthToColor::make(const AlignedPair& pair, double depth_unit_m) {
  auto prepared = prepare(pair, depth_unit_m);
  if (!prepared) return fail(std::move(prepared).error());
  DepthToColor out;
  out.width_ = pair.from.width;
  out.height_ = pair.from.height;
  out.projection_ = prepared->projection;
  out.corners_ = RayRows(pair.from, -0.5, std::size_t{out.width_} + 1, std::size_t{out.height_} + 1,
                         prepared->matrix);
  return out;
}

Result<void> DepthToColor::run(const frame::ImageView& depth, frame::Image& out) {
  if (auto checked = check_z16(depth, "align"); !checked) return checked;
  if (auto checked = check_size(depth, width_, height_); !checked) return checked;
  const auto width = static_cast<std::uint32_t>(projection_.width);
  out.reshape(PixelFormat::Z16, width, static_cast<std::uint32_t>(projection_.height));
  std::memset(out.data.data(), 0xff, out.data.size());
  auto* const pixels = z16_row(out, 0);
  footprints_.resize(std::size_t{5} * width_);
  auto* const f = footprints_.data();
  const Footprints prints{f, f + width_, f + 2 * std::size_t{width_}, f + 3 * std::size_t{width_},
                          f + 4 * std::size_t{width_}};
  const Z16Rows rows(depth);
  const auto& kernels = projection_row_kernels();
  auto upper = corners_.row(0);
  for (std::size_t y = 0; y < height_; ++y) {
    const auto lower = corners_.row(y + 1);
    const int extent = kernels.footprints(rows[y], width_, upper, lower, projection_, prints);
    if (extent <= 1)
      draw_small(prints, width_, width, pixels, line_);
    else
      draw(prints, width_, width, pixels);
    upper = lower;
  }
  const std::size_t count = out.data.size() / 2;
  for (std::size_t i = 0; i < count; ++i) pixels[i] = static_cast<std::uint16_t>(pixels[i] + 1);
  return {};
}

Result<ColorToDepth> ColorToDepth::make(const AlignedPair& pair, double depth_unit_m) {
  auto prepared = prepare(pair, depth_unit_m);
  if (!prepared) return fail(std::move(prepared).error());
  ColorToDepth out;
  out.width_ = pair.from.width;
  out.height_ = pair.from.height;
  out.projection_ = prepared->projection;
  out.centers_ = RayRows(pair.from, 0, out.width_, out.height_, prepared->matrix);
  return out;
}

Result<void> ColorToDepth::run(const frame::ImageView& depth, const frame::ImageView& color,
                               frame::Image& out) {
  if (auto checked = check_z16(depth, "align"); !checked) return checked;
  if (auto checked = check_size(depth, width_, height_); !checked) return checked;
  const bool gray = color.format == PixelFormat::Y8;
  if (!gray && color.format != PixelFormat::RGB8 && color.format != PixelFormat::BGR8)
    return fail(ErrorCode::Unsupported, "align: colour must be rgb8, bgr8 or y8: convert it first");
  if (!color.complete())
    return fail(ErrorCode::InvalidArgument, "align: the picture has less data than its size needs");
  if (auto checked = check_size(color, static_cast<std::uint32_t>(projection_.width),
                                static_cast<std::uint32_t>(projection_.height));
      !checked)
    return checked;
  out.reshape(color.format, width_, height_);
  places_.resize(width_);
  const Z16Rows rows(depth);
  const auto& kernels = projection_row_kernels();
  const std::size_t padding = color.stride_bytes - packed_stride(color.format, color.width);
  for (std::size_t y = 0; y < height_; ++y) {
    kernels.places(rows[y], width_, centers_.row(y), projection_, places_.data());
    auto* to = out.data.data() + y * out.stride_bytes;
    for (std::size_t x = 0; x < width_; ++x) {
      const auto place = places_[x];
      if (place < 0) {
        std::memset(to + (gray ? x : 3 * x), 0, gray ? 1 : 3);
        continue;
      }
      const auto at = static_cast<std::size_t>(place);
      const auto skipped = padding == 0 ? 0 : at / color.width * padding;
      if (gray)
        to[x] = color.data[at + skipped];
      else
        std::memcpy(to + 3 * x, color.data.data() + 3 * at + skipped, 3);
    }
  }
  return {};
}

StreamProfile depth_aligned_profile(const StreamProfile& depth, const StreamProfile& color) {
  StreamProfile out = depth;
  out.stream = "depth_aligned";
  out.width = color.width;
  out.height = color.height;
  out.intrinsics = color.intrinsics;
  out.reference_from_stream = color.reference_from_stream.value_or(Extrinsics{});
  return out;
}

StreamProfile color_aligned_profile(const StreamProfile& depth, const StreamProfile& color) {
  StreamProfile out = color;
  out.stream = "color_aligned";
  out.format = PixelFormat::RGB8;
  out.width = depth.width;
  out.height = depth.height;
  out.intrinsics = depth.intrinsics;
  out.reference_from_stream = depth.reference_from_stream.value_or(Extrinsics{});
  return out;
}

}  // namespace lenswire::filter
