// The `filter` option of depth URLs and of the native op `subscribe`.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "filter/filter_chain.hpp"

using namespace lenswire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto chain = filter::parse_filter_chain({reinterpret_cast<const char*>(data), size});
  if (!chain) {
    if (chain.error().message.empty()) std::abort();
    return 0;
  }
  if (chain->size() > filter::kMaxFilterSteps) std::abort();
  const auto again = filter::parse_filter_chain(filter::to_string(*chain));
  // Written out in full a chain may be longer than what one may ask for.
  if (again && *again != *chain) std::abort();
  static const auto profile = [] {
    auto made = std::make_shared<StreamProfile>();
    made->stream = "depth";
    made->kind = StreamKind::Depth;
    made->format = PixelFormat::Z16;
    made->width = 37;
    made->height = 19;
    made->depth_unit_m = 0.001;
    made->intrinsics = Intrinsics{37, 19, 600, 600, 18, 9, DistortionModel::None, {}};
    return made;
  }();
  static const auto picture = [] {
    frame::Image image;
    image.reshape(PixelFormat::Z16, 37, 19);
    for (std::size_t i = 0; i < image.data.size(); ++i)
      image.data[i] = static_cast<std::byte>(i * i % 7 == 0 ? 0 : i * 13);
    return image;
  }();
  const auto expected = filter::filtered_profile(*profile, *chain);
  if (!expected) return 0;
  filter::ChainRunner runner(*chain);
  for (int i = 0; i < 2; ++i) {
    const auto out = runner.run(picture.view(), profile);
    if (!out || !out->complete() || out->width != expected->width ||
        out->height != expected->height)
      std::abort();
  }
  return 0;
}
