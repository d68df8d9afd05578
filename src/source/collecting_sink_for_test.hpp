// collecting_sink_for_test.hpp - runs a source on the test's own thread until it gave enough.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/stop_token.hpp"

namespace lenswire::source {

class CollectingSink final : public SourceSink {
 public:
  void opened(const SourceDescription& description) override {
    descriptions.push_back(description);
  }
  void frame(FramePtr frame) override {
    frames.push_back(std::move(frame));
    if (on_frame) on_frame();
    if (frames.size() >= wanted) stop.request_stop();
  }
  void controls_changed(std::vector<Control> controls) override {
    for (auto& control : controls) changed.push_back(std::move(control));
  }
  void trouble(Error error) override {
    troubles.push_back(std::move(error));
    if (on_trouble) on_trouble();
    if (troubles.size() >= troubles_wanted) stop.request_stop();
  }

  [[nodiscard]] std::vector<FramePtr> of(const std::string& stream) const {
    std::vector<FramePtr> found;
    for (const auto& frame : frames)
      if (frame->profile->stream == stream) found.push_back(frame);
    return found;
  }

  std::size_t wanted = 1;
  std::size_t troubles_wanted = SIZE_MAX;
  base::StopSource stop;
  std::function<void()> on_frame;
  std::function<void()> on_trouble;
  std::vector<SourceDescription> descriptions;
  std::vector<FramePtr> frames;
  std::vector<Control> changed;
  std::vector<Error> troubles;
};

/// Runs the source until it gave `frames` frames (of all streams together).
inline Result<void> collect(Source& source, std::size_t frames, CollectingSink& sink) {
  sink.wanted = frames;
  return source.run(sink, sink.stop.token());
}

}  // namespace lenswire::source
