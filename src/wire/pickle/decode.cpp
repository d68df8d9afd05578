#include "wire/pickle/decode.hpp"

#include <algorithm>
#include <cstring>

#include "wire/pickle/latin1.hpp"
#include "wire/pickle/machine.hpp"

namespace lenswire::wire::pickle {
namespace {

// Copies `size` bytes from the cursor, most significant first where `swap`.
template <typename Cursor>
void take_item(Cursor& cursor, std::byte* to, std::size_t size, bool swap) noexcept {
  for (std::size_t i = 0; i < size; ++i) to[swap ? size - 1 - i : i] = cursor.next();
}

template <typename Cursor>
void copy_items(const PickledArray& array, Cursor cursor, std::byte* out) noexcept {
  const auto size = item_bytes(array.dtype);
  const auto& extents = array.shape.extents;
  if (!array.column_major) {
    for (std::uint64_t i = array.shape.items(); i > 0; --i, out += size)
      take_item(cursor, out, size, array.big_endian);
    return;
  }
  // As stored, the first index runs fastest; in C order the last does.
  for (std::size_t k = 0; k < extents[2]; ++k)
    for (std::size_t j = 0; j < extents[1]; ++j)
      for (std::size_t i = 0; i < extents[0]; ++i)
        take_item(cursor, out + ((i * extents[1] + j) * extents[2] + k) * size, size,
                  array.big_endian);
}

}  // namespace

std::optional<NdArray> PickledArray::view() const noexcept {
  if (form != DataForm::Raw || column_major || big_endian) return std::nullopt;
  return NdArray{dtype, shape, stored};
}

void PickledArray::copy_to(std::span<std::byte> out) const noexcept {
  const bool in_order = !column_major && !big_endian;
  switch (form) {
    case DataForm::Raw:
      if (in_order && !stored.empty()) std::memcpy(out.data(), stored.data(), stored.size());
      if (!in_order) copy_items(*this, RawCursor(stored), out.data());
      return;
    case DataForm::Utf8:
      if (in_order)
        utf8_to_latin1(stored, out.data());
      else
        copy_items(*this, Utf8Cursor(stored), out.data());
      return;
    case DataForm::Escaped:
      return copy_items(*this, EscapedCursor(stored), out.data());
    case DataForm::Quoted:
      return copy_items(*this, QuotedCursor(stored), out.data());
  }
}

Result<PickledArray> decode(std::span<const std::byte> message, std::size_t max_bytes) {
  return Machine(message, max_bytes).run();
}

}  // namespace lenswire::wire::pickle
