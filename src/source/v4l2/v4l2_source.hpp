// v4l2_source.hpp - webcams, RGB-D cameras and grabbers that Linux shows as /dev/videoN.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/mutex.hpp"
#include "frame/frame_pool.hpp"
#include "source/source_table.hpp"
#include "source/v4l2/v4l2_capture.hpp"
#include "source/v4l2/v4l2_formats.hpp"
#include "source/v4l2/v4l2_node.hpp"
#include "source/v4l2/v4l2_stamps.hpp"
#include "source/v4l2/v4l2_whereabouts.hpp"

namespace lenswire::source {

/// For the table of sources: `v4l2:/dev/video0?size=1280x720&fps=30&format=mjpeg`.
Result<std::unique_ptr<Source>> make_v4l2_source(base::SourceUri uri, const SourceContext& context);

/// All capture nodes of this machine, each with a line on what it offers or why it can't be used.
[[nodiscard]] std::vector<FoundSource> find_v4l2_sources();

namespace v4l2 {

struct Options {
  std::string place;      ///< a node's path, one of udev's names or a bus position
  std::size_t index = 0;  ///< which capture node at that bus position
  FormatWish wish;
  double depth_unit_m = 0.001;

  /// Errors: InvalidArgument for an empty place or a bad option.
  static Result<Options> parse(base::SourceUri uri);
};

/// A camera behind a V4L2 node.
///
/// Threading: as Source says: run() on one thread, the rest thread-safe.
class V4l2Source final : public Source {
 public:
  /// `system` and `clock` outlive the source.
  V4l2Source(Options options, System& system, const base::Clock& clock);

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<void> probe() override;
  std::vector<PictureSize> sizes() override;
  Result<std::vector<Control>> controls() override;
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override;

 private:
  Result<OpenNode> open();
  Result<OpenNode> open_or_share();
  Result<CaptureEnd> capture(const OpenNode& node, SourceSink& sink, const base::StopToken& stop);
  StreamProfilePtr profile_for(const Negotiated& format);

  const Options options_;
  System& system_;
  const base::Clock& clock_;

  // Only for the thread inside run().
  frame::FramePool pool_;
  SequenceCounter numbers_;
  StreamProfilePtr profile_;

  base::Mutex mutex_;
  Whereabouts whereabouts_ LENSWIRE_GUARDED_BY(mutex_);
  std::optional<OpenNode> running_ LENSWIRE_GUARDED_BY(mutex_);  // while run() has it open
};

/// What find_v4l2_sources() finds on another machine.
[[nodiscard]] std::vector<FoundSource> find_sources(System& system);

}  // namespace v4l2
}  // namespace lenswire::source
