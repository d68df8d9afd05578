// decode.hpp - reads a pickled numpy array without running anything of it.
#pragma once

#include <optional>

#include <lenswire/result.hpp>

#include "wire/pickle/nd_array.hpp"

namespace lenswire::wire::pickle {

/// The largest array that is accepted, unless the caller allows less.
inline constexpr std::size_t kMaxArrayBytes = std::size_t{64} << 20;
/// What a stream may cost at most; numpy needs 60 opcodes and 21 memo entries.
inline constexpr std::size_t kMaxOpcodes = 256;
inline constexpr std::size_t kMaxMemo = 64;
inline constexpr std::size_t kMaxStack = 64;
inline constexpr std::size_t kMaxMarks = 16;
inline constexpr std::size_t kMaxNumberDigits = 24;

/// How a protocol writes the bytes of the array down.
enum class DataForm : std::uint8_t {
  Raw,      // as they are
  Utf8,     // as text of U+0000..U+00FF in UTF-8 (Python 3, protocols 1 and 2)
  Escaped,  // the same with \uNNNN for some, one byte for the others (Python 3, protocol 0)
  Quoted,   // as a Python string literal (Python 2, protocol 0)
};

/// A checked array that still lies in its message, which it borrows.
struct PickledArray {
  DType dtype = DType::UInt8;
  Shape shape;
  bool column_major = false;
  bool big_endian = false;
  DataForm form = DataForm::Raw;
  std::span<const std::byte> stored;

  /// What copy_to() writes.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return static_cast<std::size_t>(shape.items()) * item_bytes(dtype);
  }

  /// The array where the message holds it just as NdArray wants it: no copy at all.
  [[nodiscard]] std::optional<NdArray> view() const noexcept;

  /// Writes the items in C order, little-endian, each byte once. `out` has room for bytes().
  void copy_to(std::span<std::byte> out) const noexcept;
};

/// Reads one pickle of protocol 0 to 5 that holds one array: types u1, u2, i4, i8, f4, f8, one to
/// three extents of at most 65535, either byte order, C or Fortran order, as numpy 1 and 2 write it
/// under Python 2 and 3.
///
/// This is no unpickler: nothing is called, imported or made by name. Opcodes build a tree of plain
/// values; the few names that occur are members of an enum; any other shape of tree is refused.
/// Needs no memory beyond the stack, and checks the whole array, so that copy_to() cannot fail.
///
/// Errors: Truncated when the message ends early; Unsupported, naming it, for an opcode, a global
/// or a type outside the subset, or a limit that is passed; InvalidArgument for all else.
/// Threading: reentrant.
[[nodiscard]] Result<PickledArray> decode(std::span<const std::byte> message,
                                          std::size_t max_bytes = kMaxArrayBytes);

}  // namespace lenswire::wire::pickle
