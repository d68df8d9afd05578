// What a driver's process may say. Whatever is accepted is written the same way again.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "source/driver/driver_messages.hpp"

namespace driver = lenswire::source::driver;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = driver::decode(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  std::vector<std::byte> first;
  driver::encode(*message, first);
  const auto again = driver::decode(first);
  if (!again) std::abort();
  std::vector<std::byte> second;
  driver::encode(*again, second);
  if (first != second) std::abort();
  return 0;
}
