// The encoder on arbitrary images: every target makes the same bytes, and they decode to the image.
// The first bytes choose width, profile and stride; the rest are pixels.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <lenswire/strata.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6) return 0;
  const std::uint32_t width = 1 + (data[0] | (data[1] & 3U) << 8);
  const strata_options options{(data[2] & 1) != 0   ? STRATA_FAST
                               : (data[2] & 8) != 0 ? STRATA_DENSE
                                                    : STRATA_DEFAULT,
                               (data[2] & 2) != 0 ? data[3] : 0U,
                               (data[2] & 4) != 0 ? STRATA_NEAR_RAW : STRATA_NEAR_CODES, 1};
  const std::size_t stride = std::size_t{width} * 2 + data[4] % 5;
  data += 5;
  size -= 5;
  const auto height = static_cast<std::uint32_t>(size / stride);
  if (height == 0 || height > 65535) return 0;
  // A copy of the exact size, so that a sanitizer sees every byte beyond.
  const std::size_t used = stride * (height - 1) + std::size_t{width} * 2;
  const std::vector<std::uint8_t> pixels(data, data + used);
  // With one row less it is another image: what the encoder keeps from the first must not matter.
  const std::uint32_t heights[] = {height, height > 1 ? height - 1 : 1};
  std::vector<std::byte> first[2];
  std::size_t targets = 0;
  const char* const* names = strata_targets(&targets);
  for (std::size_t i = 0; i < targets; ++i) {
    if (strata_force_target(names[i]) != 1) std::abort();
    lenswire::StrataEncoder encoder(options);
    for (std::size_t k = 0; k < 2; ++k) {
      const std::uint8_t* from = pixels.data() + (height - heights[k]) * stride;
      std::vector<std::byte> out;
      if (encoder.encode(from, stride, width, heights[k], out) != STRATA_OK) std::abort();
      if (i == 0) first[k] = out;
      if (out != first[k]) std::abort();
      std::vector<std::uint8_t> back(pixels.size());
      lenswire::StrataDecoder decoder;
      if (decoder.decode(out, back.data(), stride, width, heights[k]) != STRATA_OK) std::abort();
      for (std::uint32_t y = 0; options.near_limit == 0 && y < heights[k]; ++y)
        if (std::memcmp(&from[y * stride], &back[y * stride], std::size_t{width} * 2) != 0)
          std::abort();
    }
  }
  return 0;
}
