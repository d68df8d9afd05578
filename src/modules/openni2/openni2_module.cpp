// The module's entry. It is loaded by lenswire-driver, not by the server.
#include <fmt/format.h>

#include <array>

#include "base/module.hpp"
#include "modules/openni2/openni2_source.hpp"
#include "source/source_module.hpp"

namespace lenswire::openni2 {
namespace {

Result<std::unique_ptr<Source>> make_source(base::SourceUri uri,
                                            const source::SourceContext& context) {
  auto options = Options::parse(std::move(uri));
  if (!options) return fail(options.error());
  return std::make_unique<OpenNi2Source>(std::move(*options), context.clock);
}

std::vector<source::FoundSource> find_sources() {
  if (!initialize()) return {};
  const auto devices = list_devices();
  if (!devices) return {};
  std::vector<source::FoundSource> out;
  for (const auto& device : *devices)
    out.push_back({fmt::format("openni2:{}", device.uri),
                   fmt::format("{} {} through OpenNI2", device.vendor, device.name)});
  return out;
}

constexpr std::array kKinds = {source::SourceKind{"openni2", "Kinect, PrimeSense or Orbbec camera",
                                                  "openni2:", make_source, find_sources}};

class OpenNi2Module final : public source::SourceModule {
 public:
  [[nodiscard]] std::span<const source::SourceKind> kinds() const noexcept override {
    return kKinds;
  }
};

Result<std::unique_ptr<source::SourceModule>> make_module() {
  return std::make_unique<OpenNi2Module>();
}

}  // namespace
}  // namespace lenswire::openni2

LENSWIRE_MODULE(lenswire::source::SourceModule, lenswire::openni2::make_module)
