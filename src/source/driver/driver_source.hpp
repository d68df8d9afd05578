// driver_source.hpp - a source whose driver runs in a process of its own, because it may crash.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/mutex.hpp"
#include "frame/frame_pool.hpp"
#include "source/driver/driver_process.hpp"
#include "source/source_table.hpp"

namespace lenswire::source {

/// For the table of sources: the module that is named like the scheme, in a process of its own.
/// Errors: as make_module_source().
Result<std::unique_ptr<Source>> make_driver_source(base::SourceUri uri,
                                                   const SourceContext& context);

/// What the module finds, looked for in a process of its own; nothing where there is no module.
[[nodiscard]] std::vector<FoundSource> find_driver_sources(std::string_view scheme);

namespace driver {

/// Each run() starts a process; one that crashes ends the run with its signal's name, and the
/// runner begins another. Frames come through shared memory and are copied out once.
///
/// Threading: as Source says: run() on one thread, the rest thread-safe.
class DriverSource final : public Source {
 public:
  DriverSource(std::string scheme, std::string uri)
      : scheme_(std::move(scheme)), uri_(std::move(uri)) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override;
  Result<std::vector<Control>> controls() override;
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override;

  /// Whether the driver accepts the URI. Errors: its own; those of DriverProcess::start().
  Result<void> check();

 private:
  class Connection;
  Result<std::unique_ptr<DriverProcess>> start(const base::StopToken* stop);
  Result<std::vector<Control>> ask(const ControlSettings& settings);
  Result<std::vector<Control>> ask_briefly(const ControlSettings& settings);

  const std::string scheme_;
  const std::string uri_;
  frame::FramePool pool_;  // only for the thread inside run()

  base::Mutex mutex_;
  base::ConditionVariable answered_;
  Channel* running_ LENSWIRE_GUARDED_BY(mutex_) = nullptr;  // while run() has it open
  std::uint32_t questions_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::map<std::uint32_t, std::optional<Result<std::vector<Control>>>> answers_
      LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace driver
}  // namespace lenswire::source
