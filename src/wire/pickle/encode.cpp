#include "wire/pickle/encode.hpp"

#include <cstring>

#include "base/byte_writer.hpp"
#include "wire/pickle/latin1.hpp"

namespace lenswire::wire::pickle {
namespace {

using namespace std::string_view_literals;

// More than all that surrounds the data.
constexpr std::size_t kDressing = 256;

void write_name(base::ByteWriter& out, Dialect dialect, std::string_view name) {
  // Short byte strings are text for both Pythons; protocol 3 has no reason to lean on that.
  if (dialect == Dialect::Python3) {
    out.text("X"sv);
    out.u32(static_cast<std::uint32_t>(name.size()));
  } else {
    out.text("U"sv);
    out.u8(static_cast<std::uint8_t>(name.size()));
  }
  out.text(name);
}

void write_shape(base::ByteWriter& out, const Shape& shape) {
  for (std::size_t i = 0; i < shape.dimensions; ++i) {
    const auto extent = shape.extents[i];
    out.text(extent < 256 ? "K"sv : "M"sv);
    if (extent < 256)
      out.u8(static_cast<std::uint8_t>(extent));
    else
      out.little(static_cast<std::uint16_t>(extent));
  }
  constexpr std::uint8_t tuple1 = 0x85;
  out.u8(static_cast<std::uint8_t>(tuple1 + shape.dimensions - 1));
}

void write_dtype(base::ByteWriter& out, Dialect dialect, DType dtype) {
  out.text("cnumpy\ndtype\n"sv);
  write_name(out, dialect, to_string(dtype));
  out.text("\x89\x88\x87R(K\x03"sv);
  write_name(out, dialect, item_bytes(dtype) == 1 ? "|"sv : "<"sv);
  out.text("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"sv);
}

void write_data(base::ByteWriter& writer, Dialect dialect, ByteSpan data,
                std::vector<std::byte>& out) {
  if (dialect != Dialect::Universal) {
    writer.text(dialect == Dialect::Python3 ? "B"sv : "T"sv);
    writer.u32(static_cast<std::uint32_t>(data.size()));
    writer.bytes(data);
    return;
  }
  writer.text("c_codecs\nencode\nX"sv);
  const auto size = data.size() + count_high(data);
  writer.u32(static_cast<std::uint32_t>(size));
  const auto start = out.size();
  out.resize(start + size);
  latin1_to_utf8(data, out.data() + start);
  write_name(writer, dialect, "latin1"sv);
  writer.text("\x86R"sv);
}

}  // namespace

std::optional<Dialect> dialect_from_string(std::string_view name) noexcept {
  if (name == "universal") return Dialect::Universal;
  if (name == "py3") return Dialect::Python3;
  if (name == "py2") return Dialect::Python2;
  return std::nullopt;
}

std::size_t max_encoded_bytes(const NdArray& array, Dialect dialect) noexcept {
  return kDressing + array.data.size() * (dialect == Dialect::Universal ? 2 : 1);
}

void encode(const NdArray& array, Dialect dialect, std::vector<std::byte>& out) {
  base::ByteWriter writer(out);
  writer.text(dialect == Dialect::Python3 ? "\x80\x03"sv : "\x80\x02"sv);
  writer.text("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85"sv);
  writer.text(dialect == Dialect::Python3 ? "C\x01"
                                            "b"sv
                                          : "U\x01"
                                            "b"sv);
  writer.text("\x87R(K\x01"sv);
  write_shape(writer, array.shape);
  write_dtype(writer, dialect, array.dtype);
  writer.text("\x89"sv);
  write_data(writer, dialect, array.data, out);
  writer.text("tb."sv);
}

}  // namespace lenswire::wire::pickle
