#include "hub/picture_pipeline.hpp"

#include <limits>

#include "base/clock.hpp"
#include "filter/colorize.hpp"
#include "filter/convert.hpp"
#include "filter/crop.hpp"
#include "filter/depth_range.hpp"
#include "filter/scale.hpp"

namespace lenswire::hub {
namespace {

filter::ColorMap color_map(DepthPicture picture) noexcept {
  switch (picture) {
    case DepthPicture::Heat:
      return filter::ColorMap::Heat;
    case DepthPicture::Ocean:
      return filter::ColorMap::Ocean;
    case DepthPicture::Gray:
      return filter::ColorMap::Gray;
    default:
      return filter::ColorMap::Turbo;
  }
}

}  // namespace

PicturePipeline::PicturePipeline(const Wish& wish) : wish_(wish), filters_(wish.filters) {
  if (const auto* codec = codec::find_codec(wish.codec))
    encoder_ = codec->make_encoder({.quality = wish.quality});
}

bool PicturePipeline::passes_through(const StreamProfile& source, const Wish& wish) noexcept {
  if (wish.format == source.format && !is_compressed(source.format)) {
    Wish plain = wish;
    plain.format.reset();
    return passes_through(source, plain);
  }
  if (!wish.keeps_pixels()) return false;
  // MJPEG goes through the encoder, which adds the Huffman tables that many cameras leave out.
  return wish.codec == CodecId::Jpeg ? source.format == PixelFormat::JPEG
                                     : wish.codec == CodecId::Raw && !is_compressed(source.format);
}

frame::Image& PicturePipeline::other(const frame::ImageView& view) noexcept {
  return view.data.data() == scratch_[0].data.data() ? scratch_[1] : scratch_[0];
}

Result<frame::ImageView> PicturePipeline::decode(const Frame& frame) {
  if (!jpeg_decoder_) jpeg_decoder_ = codec::find_codec(CodecId::Jpeg)->make_decoder();
  decoded_.format = PixelFormat::JPEG;
  decoded_.width = frame.width();
  decoded_.height = frame.height();
  if (auto ok = jpeg_decoder_->decode(frame.bytes(), decoded_); !ok)
    return fail(std::move(ok).error());
  return decoded_.view();
}

Result<frame::ImageView> PicturePipeline::depth_steps(const frame::ImageView& view,
                                                      double depth_unit_m) {
  auto& out = other(view);
  Result<void> done;
  switch (wish_.depth_picture) {
    case DepthPicture::None:
      done = filter::depth_range(
          view, depth_unit_m, wish_.depth_min_m.value_or(0),
          wish_.depth_max_m.value_or(std::numeric_limits<double>::infinity()), out);
      break;
    case DepthPicture::Turbo:
    case DepthPicture::Heat:
    case DepthPicture::Ocean:
    case DepthPicture::Gray:
      done =
          filter::colorize(view, depth_unit_m, wish_.depth_min_m.value_or(filter::kShownMinimumM),
                           wish_.depth_max_m.value_or(filter::kShownMaximumM), out,
                           color_map(wish_.depth_picture), wish_.color_range);
      break;
    case DepthPicture::Gray8:
      done = filter::gray8(view, depth_unit_m, wish_.depth_max_m.value_or(filter::kShownMaximumM),
                           out);
      break;
  }
  if (!done) return fail(std::move(done).error());
  return out.view();
}

Result<void> PicturePipeline::run(const Frame& frame, std::vector<std::byte>& out) {
  filter_work_.reset();
  const auto format = encoder_format(*frame.profile, wish_);
  if (!format) return fail(format.error());
  auto view = frame::view_of(frame);
  if (is_compressed(view.format) && !is_compressed(*format)) {
    auto decoded = decode(frame);
    if (!decoded) return fail(std::move(decoded).error());
    view = *decoded;
  }
  if (!wish_.filters.empty()) {
    const auto began = base::system_clock().now();
    auto filtered = filters_.run(view, frame.profile);
    filter_work_ = FilterWork{base::system_clock().now() - began, !filtered};
    if (!filtered) return fail(std::move(filtered).error());
    view = *filtered;
  }
  if (wish_.region) {
    auto& cut = other(view);
    const auto region =
        filter::cuttable_region(view.format, fitted_region(*wish_.region, view.width, view.height));
    if (auto ok = filter::crop(view, region, cut); !ok) return ok;
    view = cut.view();
  }
  const auto convert_to = [&](PixelFormat wanted) -> Result<void> {
    auto& converted = other(view);
    if (auto ok = filter::convert(view, wanted, converted); !ok) return ok;
    view = converted.view();
    return {};
  };
  if (wish_.scale != 1) {
    if (!filter::can_scale(view.format))
      if (auto ok = convert_to(PixelFormat::RGB8); !ok) return ok;
    auto& scaled = other(view);
    if (auto ok = filter::scale(view, wish_.scale, scaled); !ok) return ok;
    view = scaled.view();
  }
  if (wish_.depth_min_m || wish_.depth_max_m || wish_.depth_picture != DepthPicture::None) {
    auto painted = depth_steps(view, frame.profile->depth_unit_m);
    if (!painted) return fail(std::move(painted).error());
    view = *painted;
  }
  if (!is_compressed(view.format) && view.format != *format)
    if (auto ok = convert_to(*format); !ok) return ok;
  if (wish_.packing) return wish_.packing->pack(view, frame, out);
  return encoder_->encode(view, out);
}

}  // namespace lenswire::hub
