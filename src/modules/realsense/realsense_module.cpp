// The module's entry: one session with the library for the whole process.
#include <fmt/format.h>

#include <array>
#include <memory>

#include "base/module.hpp"
#include "base/mutex.hpp"
#include "modules/realsense/realsense_source.hpp"
#include "source/source_module.hpp"

namespace lenswire::realsense {
namespace {

struct Loaded {
  explicit Loaded(Library found) : library(std::move(found)), cameras(library) {}
  Library library;
  Cameras cameras;
};

// Never destroyed: threads of the library may outlive main(). A library that is missing is looked
// for again: somebody may install it.
Result<Loaded*> loaded() {
  static base::Mutex mutex;
  static Loaded* one = nullptr;
  base::MutexLock lock(mutex);
  if (one == nullptr) {
    auto library = Library::load();
    if (!library) return fail(library.error());
    one = new Loaded(std::move(*library));
  }
  return one;
}

Result<std::unique_ptr<Source>> make_realsense_source(base::SourceUri uri,
                                                      const source::SourceContext& context) {
  const auto text = uri.text;
  auto options = Options::parse(std::move(uri));
  if (!options) return fail(options.error());
  const auto all = loaded();
  if (!all) return fail(all.error().code, fmt::format("{}: {}", text, all.error().message));
  return std::make_unique<RealsenseSource>(std::move(*options), (*all)->library, (*all)->cameras,
                                           context.clock);
}

std::vector<source::FoundSource> find_realsense_sources() {
  const auto all = loaded();
  if (!all) return {};
  const auto cameras = (*all)->cameras.list();
  if (!cameras) return {};
  std::vector<source::FoundSource> out;
  for (const auto& camera : *cameras)
    out.push_back({fmt::format("realsense:{}", camera.serial),
                   fmt::format("{}{}{}, firmware {}", camera.name,
                               camera.usb.empty() ? "" : ", USB ", camera.usb, camera.firmware)});
  return out;
}

constexpr std::array kKinds = {
    source::SourceKind{"realsense", "Intel RealSense camera or its recording", "realsense:SERIAL",
                       make_realsense_source, find_realsense_sources}};

class RealsenseModule final : public source::SourceModule {
 public:
  [[nodiscard]] std::span<const source::SourceKind> kinds() const noexcept override {
    return kKinds;
  }
};

Result<std::unique_ptr<source::SourceModule>> make_module() {
  return std::make_unique<RealsenseModule>();
}

}  // namespace
}  // namespace lenswire::realsense

LENSWIRE_MODULE(lenswire::source::SourceModule, lenswire::realsense::make_module)
