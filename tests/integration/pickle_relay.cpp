// pickle_relay.cpp - reads pickles from standard input and answers what is in them, for
// pickle_numpy_test.py. Each message is preceded by its length, as are the parts of an answer: the
// type's code (or the error, beginning with '!'), the extents, the items, and the array as each
// dialect writes it.
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>
#include <vector>

#include "wire/pickle/decode.hpp"
#include "wire/pickle/encode.hpp"

namespace pickle = lenswire::wire::pickle;

namespace {

bool read_exactly(std::span<std::byte> into) {
  return into.empty() || std::fread(into.data(), 1, into.size(), stdin) == into.size();
}

void write_part(std::span<const std::byte> part) {
  const auto size = static_cast<std::uint32_t>(part.size());
  std::fwrite(&size, sizeof size, 1, stdout);
  if (!part.empty()) std::fwrite(part.data(), 1, part.size(), stdout);
}

void write_text(std::string_view text) { write_part(std::as_bytes(std::span(text))); }

void answer(std::span<const std::byte> message) {
  const auto array = pickle::decode(message);
  if (!array) return write_text("!" + array.error().message);
  write_text(pickle::to_string(array->dtype));
  write_part(std::as_bytes(std::span(array->shape.extents).first(array->shape.dimensions)));
  std::vector<std::byte> items(array->bytes());
  array->copy_to(items);
  write_part(items);
  for (const auto dialect :
       {pickle::Dialect::Universal, pickle::Dialect::Python3, pickle::Dialect::Python2}) {
    std::vector<std::byte> written;
    pickle::encode({array->dtype, array->shape, items}, dialect, written);
    write_part(written);
  }
}

}  // namespace

int main() {
  std::uint32_t size = 0;
  std::vector<std::byte> message;
  while (read_exactly(std::as_writable_bytes(std::span(&size, 1)))) {
    message.resize(size);
    if (!read_exactly(message)) return 1;
    answer(message);
    std::fflush(stdout);
  }
  return 0;
}
