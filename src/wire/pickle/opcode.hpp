// opcode.hpp - the opcodes of the pickle machine, for reading and for naming what is refused.
#pragma once

#include <cstdint>
#include <string_view>

namespace lenswire::wire::pickle {

/// Those that occur in an array's pickle.
enum class Opcode : std::uint8_t {
  Mark = '(',
  Stop = '.',
  None = 'N',
  Int = 'I',
  Long = 'L',
  BinInt = 'J',
  BinInt1 = 'K',
  BinInt2 = 'M',
  Long1 = 0x8a,
  NewTrue = 0x88,
  NewFalse = 0x89,
  String = 'S',
  BinString = 'T',
  ShortBinString = 'U',
  Unicode = 'V',
  BinUnicode = 'X',
  ShortBinUnicode = 0x8c,
  BinUnicode8 = 0x8d,
  BinBytes = 'B',
  ShortBinBytes = 'C',
  BinBytes8 = 0x8e,
  ByteArray8 = 0x96,
  Tuple = 't',
  EmptyTuple = ')',
  Tuple1 = 0x85,
  Tuple2 = 0x86,
  Tuple3 = 0x87,
  Global = 'c',
  StackGlobal = 0x93,
  Reduce = 'R',
  Build = 'b',
  Put = 'p',
  BinPut = 'q',
  LongBinPut = 'r',
  Get = 'g',
  BinGet = 'h',
  LongBinGet = 'j',
  Memoize = 0x94,
  Proto = 0x80,
  Frame = 0x95,
};

/// The name in Python's pickletools of an opcode that is refused; "unknown" where there is none.
[[nodiscard]] std::string_view refused_opcode_name(std::uint8_t code) noexcept;

}  // namespace lenswire::wire::pickle
