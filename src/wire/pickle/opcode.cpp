#include "wire/pickle/opcode.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lenswire::wire::pickle {

std::string_view refused_opcode_name(std::uint8_t code) noexcept {
  static constexpr std::array<std::pair<std::uint8_t, std::string_view>, 28> names = {{
      {'0', "POP"},        {'1', "POP_MARK"},   {'2', "DUP"},          {'F', "FLOAT"},
      {'G', "BINFLOAT"},   {'P', "PERSID"},     {'Q', "BINPERSID"},    {'a', "APPEND"},
      {'e', "APPENDS"},    {'d', "DICT"},       {'}', "EMPTY_DICT"},   {'l', "LIST"},
      {']', "EMPTY_LIST"}, {'s', "SETITEM"},    {'u', "SETITEMS"},     {'i', "INST"},
      {'o', "OBJ"},        {0x81, "NEWOBJ"},    {0x82, "EXT1"},        {0x83, "EXT2"},
      {0x84, "EXT4"},      {0x8b, "LONG4"},     {0x8f, "EMPTY_SET"},   {0x90, "ADDITEMS"},
      {0x91, "FROZENSET"}, {0x92, "NEWOBJ_EX"}, {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"},
  }};
  const auto* found = std::find_if(names.begin(), names.end(),
                                   [code](const auto& entry) { return entry.first == code; });
  return found == names.end() ? "unknown" : found->second;
}

}  // namespace lenswire::wire::pickle
