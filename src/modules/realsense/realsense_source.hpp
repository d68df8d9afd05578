// realsense_source.hpp - Intel RealSense cameras and their recordings, through librealsense2.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/mutex.hpp"
#include "base/uri.hpp"
#include "frame/frame_pool.hpp"
#include "modules/realsense/rs2_session.hpp"
#include "modules/realsense/rs2_stream_reader.hpp"

namespace lenswire::realsense {

struct Options {
  std::string serial;  ///< empty: the first camera there is
  std::string file;    ///< a recording instead of a camera
  bool loop = true;    ///< of a recording
  std::vector<StreamWish> streams;
  std::optional<std::string> preset;  ///< of the depth part, by name

  /// Errors: InvalidArgument for a bad option.
  static Result<Options> parse(base::SourceUri uri);
};

/// Threading: as Source says: run() on one thread, the rest thread-safe.
class RealsenseSource final : public Source {
 public:
  /// All three outlive the source.
  RealsenseSource(Options options, const Library& library, Cameras& cameras,
                  const base::Clock& clock);

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<void> probe() override;
  std::vector<PictureSize> sizes() override;
  Result<std::vector<Control>> controls() override;
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override;

 private:
  struct Chosen {
    StreamName name;
    Offer offer;
    StreamReader* reader = nullptr;
  };
  enum class End : std::uint8_t { Stopped, PlayedOut };

  Result<std::shared_ptr<Session>> open();
  Result<std::shared_ptr<Session>> open_or_share();
  Result<void> apply_preset(const Session& session);
  Result<std::vector<Chosen>> choose(const Session& session);
  Result<StreamProfilePtr> profile_for(const Session& session, const Chosen& chosen,
                                       const Offer& reference) const;
  Result<End> stream(const Session& session, const std::vector<Chosen>& chosen, SourceSink& sink,
                     const base::StopToken& stop);
  Result<void> announce(const Session& session, const std::vector<Chosen>& chosen,
                        SourceSink& sink);
  void deliver(const rs2_frame* frame, const std::vector<Chosen>& chosen, SourceSink& sink);

  const Options options_;
  const Library& library_;
  Cameras& cameras_;
  const base::Clock& clock_;

  // Only for the thread inside run().
  frame::FramePool pool_{32};
  std::vector<std::unique_ptr<StreamReader>> readers_;

  std::atomic<bool> controls_were_set_{false};
  base::Mutex mutex_;
  std::shared_ptr<Session> running_ LENSWIRE_GUARDED_BY(mutex_);  // while run() has it open
};

}  // namespace lenswire::realsense
