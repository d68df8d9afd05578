// replay_source.hpp - plays a folder of numbered pictures as a camera.
#pragma once

#include <filesystem>
#include <optional>

#include "frame/frame_pool.hpp"
#include "source/source_table.hpp"

namespace lenswire::source {

/// `replay:FOLDER`. Options: see docs/sources.md.
/// Errors: InvalidArgument for a missing path or a bad option.
Result<std::unique_ptr<Source>> make_replay_source(base::SourceUri uri,
                                                   const SourceContext& context);

struct ReplayOptions {
  std::filesystem::path folder;
  double rate_hz = 30;
  bool loop = true;
  std::optional<double> unit_mm;  ///< overrides calibration.json; 1 where neither says
  /// Folders that take more memory than this are decoded while they play.
  std::size_t max_cached_bytes = std::size_t{256} << 20;
};

/// The frame with sequence s is picture s modulo the number of pictures, bit by bit, and the depth
/// and colour of one picture share their capture time. A picture that cannot be used is a trouble
/// and a gap; the others go on.
class ReplaySource final : public Source {
 public:
  ReplaySource(ReplayOptions options, const base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<void> probe() override;

 private:
  const ReplayOptions options_;
  const base::Clock& clock_;
  frame::FramePool depth_pool_;
  frame::FramePool color_pool_;
  std::uint64_t next_number_ = 0;  // of the thread inside run()
};

}  // namespace lenswire::source
