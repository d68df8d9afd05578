// image_source.hpp - one picture, shown for ever.
#pragma once

#include <filesystem>

#include "frame/frame_pool.hpp"
#include "frame/image.hpp"
#include "source/source_table.hpp"

namespace lenswire::source {

/// `image:FILE`. Options: see docs/sources.md.
/// Errors: InvalidArgument for a missing path or a bad option.
Result<std::unique_ptr<Source>> make_image_source(base::SourceUri uri,
                                                  const SourceContext& context);

struct ImageOptions {
  std::filesystem::path file;
  double rate_hz = 1;
  bool mark = false;
};

/// Draws a square of an eighth of the smaller side into the picture; it walks along the diagonal,
/// a pixel a frame, and inverts what it covers. For raw formats whose pixels are whole bytes.
void draw_mark(frame::Image& image, std::uint64_t frame_number) noexcept;

/// A PNG of 16-bit grey is stream "depth" (mm), any other picture "color". The file is read again
/// at each start.
class ImageSource final : public Source {
 public:
  ImageSource(ImageOptions options, const base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<void> probe() override;

 private:
  const ImageOptions options_;
  const base::Clock& clock_;
  frame::FramePool pool_;
  std::uint64_t next_number_ = 0;  // of the thread inside run()
};

}  // namespace lenswire::source
