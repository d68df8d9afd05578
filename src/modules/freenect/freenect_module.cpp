// The module's entry. It is loaded by lenswire-driver, not by the server.
#include <fmt/format.h>

#include <array>

#include "base/module.hpp"
#include "modules/freenect/freenect_source.hpp"
#include "source/source_module.hpp"

namespace lenswire::freenect {
namespace {

Result<std::unique_ptr<Source>> make_source(base::SourceUri uri,
                                            const source::SourceContext& context) {
  auto options = Options::parse(std::move(uri));
  if (!options) return fail(options.error());
  return std::make_unique<FreenectSource>(std::move(*options), context.clock);
}

std::vector<source::FoundSource> find_sources() {
  const auto kinects = list_kinects();
  if (!kinects) return {};
  std::vector<source::FoundSource> out;
  for (const auto& serial : *kinects)
    out.push_back({fmt::format("freenect:{}", serial), "Kinect for Xbox 360 through libfreenect"});
  return out;
}

constexpr std::array kKinds = {
    source::SourceKind{"freenect", "Kinect for Xbox 360", "freenect:", make_source, find_sources}};

class FreenectModule final : public source::SourceModule {
 public:
  [[nodiscard]] std::span<const source::SourceKind> kinds() const noexcept override {
    return kKinds;
  }
};

Result<std::unique_ptr<source::SourceModule>> make_module() {
  return std::make_unique<FreenectModule>();
}

}  // namespace
}  // namespace lenswire::freenect

LENSWIRE_MODULE(lenswire::source::SourceModule, lenswire::freenect::make_module)
