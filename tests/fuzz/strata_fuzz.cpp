// The decoder on arbitrary bytes, on the best target and on the plain twin: the same verdict and
// the same pixels from both, and no memory touched that is not theirs.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <lenswire/strata.h>

namespace {

constexpr std::size_t kMostPixels = 1 << 16;

strata_decoder* decoder_for(const char* target) {
  strata_force_target(target);
  return strata_decoder_create(1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static strata_decoder* const best = decoder_for(strata_targets(nullptr)[0]);
  static strata_decoder* const plain = decoder_for("scalar");
  strata_info info;
  if (strata_read_info(data, size, &info) != STRATA_OK) return 0;
  const std::size_t count = std::size_t{info.width} * info.height;
  if (count > kMostPixels) return 0;
  // The exact size, so that a sanitizer sees every byte beyond.
  std::vector<std::uint16_t> a(count);
  std::vector<std::uint16_t> b(count);
  const std::size_t stride = std::size_t{info.width} * 2;
  const strata_status first =
      strata_decode(best, data, size, a.data(), stride, info.width, info.height);
  const strata_status second =
      strata_decode(plain, data, size, b.data(), stride, info.width, info.height);
  if (first != second) std::abort();
  if ((first == STRATA_OK || first == STRATA_CHECKSUM) && a != b) std::abort();
  return 0;
}
