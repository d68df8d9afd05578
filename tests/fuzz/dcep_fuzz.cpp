// Messages that open data channels, as strangers send them.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "wire/dcep/message.hpp"

namespace dcep = lenswire::wire::dcep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = dcep::decode(std::as_bytes(std::span(data, size)));
  if (!first || first->kind != dcep::Kind::Open) return 0;
  const auto second = dcep::decode(dcep::encode(first->open));
  if (!second || !(second->open == first->open)) std::abort();
  return 0;
}
