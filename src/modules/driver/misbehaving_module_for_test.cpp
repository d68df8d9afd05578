// A driver module for tests: plays, crashes in the middle, or never comes back, as its URI says.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>

#include "base/module.hpp"
#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "frame/frame_pool.hpp"
#include "source/control_bank.hpp"
#include "source/source_module.hpp"

namespace lenswire::source {
namespace {

[[noreturn]] void hang() {
  static const base::StopSource never;
  while (true) never.token().wait_for(std::chrono::hours(1));
}

class MisbehavingSource final : public Source {
 public:
  explicit MisbehavingSource(std::string how) : how_(std::move(how)) {
    StreamProfile profile;
    profile.stream = "depth";
    profile.kind = StreamKind::Depth;
    profile.format = PixelFormat::Z16;
    profile.width = 16;
    profile.height = 8;
    profile.rate_hz = 100;
    profile.depth_unit_m = 0.001;
    profile_ = std::make_shared<const StreamProfile>(profile);
    Control level;
    level.name = "level";
    level.value = level.default_value = std::int64_t{3};
    level.maximum = 9;
    bank_ = std::make_unique<ControlBank>(std::vector<Control>{level});
  }

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    if (how_ == "absent") return fail(ErrorCode::NotFound, "no such camera");
    SourceDescription description;
    description.model = "misbehaving";
    description.streams = {profile_};
    sink.opened(description);
    for (std::uint16_t number = 0; !stop.wait_for(std::chrono::milliseconds(10)); ++number) {
      if (number == 3 && how_ == "crash") std::abort();
      if (number == 3 && how_ == "damage") sink.trouble({ErrorCode::Truncated, "a torn frame"});
      auto frame = pool_.acquire(profile_);
      for (std::size_t i = 0; i < frame->data.size(); i += 2)
        std::memcpy(frame->data.data() + i, &number, 2);
      frame->sequence = number;
      frame->capture_time = frame->arrival_time = base::system_clock().now();
      frame->conditions.gain = 7;
      sink.frame(std::move(frame));
    }
    if (how_ == "crash-at-end") std::abort();
    if (how_ == "hang") hang();
    return {};
  }
  Result<std::vector<Control>> controls() override {
    base::MutexLock lock(mutex_);
    return bank_->all();
  }
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override {
    base::MutexLock lock(mutex_);
    return bank_->set(settings);
  }

 private:
  const std::string how_;
  StreamProfilePtr profile_;
  frame::FramePool pool_;
  base::Mutex mutex_;
  std::unique_ptr<ControlBank> bank_ LENSWIRE_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<Source>> make_misbehaving(base::SourceUri uri, const SourceContext&) {
  if (uri.path.empty()) return fail(ErrorCode::InvalidArgument, uri.text + ": say how");
  if (uri.path == "hang-when-made") {
    if (const char* file = std::getenv("MISBEHAVING_PID_FILE"))
      std::ofstream(file) << ::getpid() << std::endl;
    hang();
  }
  return std::make_unique<MisbehavingSource>(uri.path);
}

constexpr std::array kKinds = {
    SourceKind{"misbehaving", "for tests", "misbehaving:crash", make_misbehaving, [] {
                 return std::vector<FoundSource>{{"misbehaving:play", "one that plays"}};
               }}};

class MisbehavingModule final : public SourceModule {
 public:
  [[nodiscard]] std::span<const SourceKind> kinds() const noexcept override { return kKinds; }
};

Result<std::unique_ptr<SourceModule>> make_misbehaving_module() {
  return std::make_unique<MisbehavingModule>();
}

}  // namespace
}  // namespace lenswire::source

LENSWIRE_MODULE(lenswire::source::SourceModule, lenswire::source::make_misbehaving_module)
