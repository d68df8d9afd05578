// The RVL decoder on arbitrary bytes. The first two bytes are the number of pixels.
#include <cstdint>
#include <span>
#include <vector>

#include "codec/rvl/rvl.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::vector<std::uint16_t> depth(data[0] | std::size_t{data[1]} << 8);
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data) + 2,
                                     reinterpret_cast<const std::byte*>(data) + size);
  (void)lenswire::codec::rvl_decode(bytes, depth).has_value();
  return 0;
}
