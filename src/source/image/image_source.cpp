#include "source/image/image_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/stop_token.hpp"
#include "source/frame_pacer.hpp"
#include "source/picture_file.hpp"

namespace lenswire::source {

void draw_mark(frame::Image& image, std::uint64_t frame_number) noexcept {
  const auto smaller = std::min(image.width, image.height);
  const auto side = std::max<std::uint32_t>(1, smaller / 8);
  const auto at = static_cast<std::uint32_t>(frame_number % (smaller - side + 1));
  const auto pixel_bytes = packed_stride(image.format, 1);
  for (auto y = at; y < at + side; ++y) {
    auto* const row = image.data.data() + std::size_t{y} * image.stride_bytes;
    for (auto i = at * pixel_bytes; i < (at + side) * pixel_bytes; ++i) row[i] = ~row[i];
  }
}

Result<void> ImageSource::probe() { return check_file(options_.file); }

Result<void> ImageSource::run(SourceSink& sink, const base::StopToken& stop) {
  const auto image = load_picture(options_.file);
  if (!image) return fail(image.error());
  if (options_.mark && is_compressed(image->format))
    return fail(ErrorCode::Unsupported,
                fmt::format("{} is a JPEG, which is passed on as it is; mark=1 needs a PNG",
                            options_.file.string()));
  const auto kind = image->format == PixelFormat::Z16 ? StreamKind::Depth : StreamKind::Color;
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = std::string(to_string(kind));
  profile->kind = kind;
  profile->format = image->format;
  profile->width = image->width;
  profile->height = image->height;
  profile->rate_hz = options_.rate_hz;
  if (kind == StreamKind::Depth) profile->depth_unit_m = 0.001;
  const StreamProfilePtr published = std::move(profile);
  sink.opened({fmt::format("picture {}", options_.file.string()), {}, {}, {published}, {}});

  frame::Image marked;
  if (options_.mark) marked = *image;
  FramePacer pacer(clock_, options_.rate_hz, next_number_);
  while (const auto tick = pacer.next(stop)) {
    auto frame = pool_.acquire(published);
    frame->data.resize(image->data.size());
    if (options_.mark) {
      draw_mark(marked, tick->number);
      std::memcpy(frame->data.data(), marked.data.data(), marked.data.size());
      draw_mark(marked, tick->number);  // inverting twice takes it away again
    } else {
      std::memcpy(frame->data.data(), image->data.data(), image->data.size());
    }
    frame->sequence = tick->number;
    frame->capture_time = tick->due;
    frame->arrival_time = clock_.now();
    next_number_ = tick->number + 1;
    sink.frame(std::move(frame));
  }
  return {};
}

Result<std::unique_ptr<Source>> make_image_source(base::SourceUri uri,
                                                  const SourceContext& context) {
  const auto in_uri = [&](Error error) {
    return fail(error.code, fmt::format("{}: {}", uri.text, error.message));
  };
  if (uri.path.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: names no file; write image:FILE", uri.text));
  ImageOptions options;
  options.file = uri.path;
  const auto rate = uri.options.number("fps", options.rate_hz, 0.1, 1000);
  if (!rate) return in_uri(rate.error());
  const auto mark = uri.options.boolean("mark", options.mark);
  if (!mark) return in_uri(mark.error());
  if (const auto done = uri.options.finish("fps, mark"); !done) return in_uri(done.error());
  options.rate_hz = *rate;
  options.mark = *mark;
  return std::make_unique<ImageSource>(std::move(options), context.clock);
}

}  // namespace lenswire::source
