// encode.hpp - writes numpy arrays as pickles that old and new Pythons load.
#pragma once

#include <optional>
#include <vector>

#include "wire/pickle/nd_array.hpp"

namespace lenswire::wire::pickle {

/// Who shall be able to read it. All use the module names of numpy 1, which numpy 2 knows too.
enum class Dialect : std::uint8_t {
  Universal,  ///< protocol 2: Python 2.3 to 3.x; every byte above 0x7f takes two
  Python3,    ///< protocol 3: Python 3 only; smallest and fastest
  Python2,    ///< protocol 2 with byte strings: Python 2 only
};

/// "universal", "py3", "py2", as in options.
[[nodiscard]] std::optional<Dialect> dialect_from_string(std::string_view name) noexcept;

/// The most bytes that encode() appends.
[[nodiscard]] std::size_t max_encoded_bytes(const NdArray& array, Dialect dialect) noexcept;

/// Appends the pickle of `array` to `out`: deterministic, without memo, and with no allocation
/// where `out` has the capacity. The array is well-formed: its data fits its shape.
///
/// Threading: reentrant.
void encode(const NdArray& array, Dialect dialect, std::vector<std::byte>& out);

}  // namespace lenswire::wire::pickle
