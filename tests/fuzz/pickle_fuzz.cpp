// Pickled arrays on arbitrary bytes. What is accepted must read the same again after our own writer
// wrote it, in every dialect.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "wire/pickle/decode.hpp"
#include "wire/pickle/encode.hpp"

namespace pickle = lenswire::wire::pickle;

namespace {

std::vector<std::byte> copy_of(const pickle::PickledArray& array) {
  std::vector<std::byte> out(array.bytes());
  array.copy_to(out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = pickle::decode(std::as_bytes(std::span(data, size)), std::size_t{1} << 20);
  if (!first) return 0;
  const auto items = copy_of(*first);
  for (const auto dialect :
       {pickle::Dialect::Universal, pickle::Dialect::Python3, pickle::Dialect::Python2}) {
    const pickle::NdArray array{first->dtype, first->shape, items};
    std::vector<std::byte> written;
    pickle::encode(array, dialect, written);
    const auto second = pickle::decode(written);
    if (!second || second->dtype != first->dtype || second->shape != first->shape ||
        copy_of(*second) != items)
      std::abort();
  }
  return 0;
}
