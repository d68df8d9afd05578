// The module's entry. It is loaded by lenswire-driver, not by the server.
#include <fmt/format.h>

#include <array>

#include "base/module.hpp"
#include "modules/freenect2/freenect2_source.hpp"
#include "source/source_module.hpp"

namespace lenswire::freenect2 {
namespace {

Result<std::unique_ptr<Source>> make_source(base::SourceUri uri,
                                            const source::SourceContext& context) {
  auto options = Options::parse(std::move(uri));
  if (!options) return fail(options.error());
  return std::make_unique<Freenect2Source>(std::move(*options), context.clock);
}

std::vector<source::FoundSource> find_sources() {
  std::vector<source::FoundSource> out;
  for (const auto& serial : list_kinects())
    out.push_back(
        {fmt::format("freenect2:{}", serial), "Kinect for Xbox One through libfreenect2"});
  return out;
}

constexpr std::array kKinds = {source::SourceKind{"freenect2", "Kinect for Xbox One",
                                                  "freenect2:", make_source, find_sources}};

class Freenect2Module final : public source::SourceModule {
 public:
  [[nodiscard]] std::span<const source::SourceKind> kinds() const noexcept override {
    return kKinds;
  }
};

Result<std::unique_ptr<source::SourceModule>> make_module() {
  return std::make_unique<Freenect2Module>();
}

}  // namespace
}  // namespace lenswire::freenect2

LENSWIRE_MODULE(lenswire::source::SourceModule, lenswire::freenect2::make_module)
