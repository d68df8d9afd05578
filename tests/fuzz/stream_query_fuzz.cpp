// The query of a stream's URL.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/wish_query.hpp"

using namespace lenswire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {StreamKind::Depth, StreamKind::Color})
    for (const auto codec : {CodecId::Jpeg, CodecId::Png}) {
      StreamProfile profile;
      profile.kind = kind;
      profile.format = kind == StreamKind::Depth ? PixelFormat::Z16 : PixelFormat::RGB8;
      profile.width = 640;
      profile.height = 480;
      auto options = base::QueryOptions::parse(query);
      if (!options) return 0;
      (void)options->text("ticket", "");
      const auto parsed = server::parse_stream_query(*options, codec, profile);
      if (!parsed) continue;
      const auto& wish = parsed->wish;
      if (!(wish.scale > 0 && wish.scale <= 1) || wish.quality < 1 || wish.quality > 100 ||
          !std::isfinite(parsed->delivery.rate_hz))
        std::abort();
      (void)hub::delivered_profile(profile, wish);
    }
  return 0;
}
