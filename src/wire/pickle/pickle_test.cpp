#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "wire/pickle/decode.hpp"
#include "wire/pickle/encode.hpp"
#include "wire/pickle/latin1.hpp"

namespace lenswire::wire::pickle {
namespace {

using namespace std::string_literals;
using Buffer = std::vector<std::byte>;

Buffer bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Buffer from_hex(std::string_view hex) {
  Buffer out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

struct Read {
  DType dtype;
  Shape shape;
  Buffer data;
};

Result<Read> read(std::span<const std::byte> message, std::size_t limit = kMaxArrayBytes) {
  const auto array = decode(message, limit);
  if (!array) return fail(array.error());
  Read out{array->dtype, array->shape, Buffer(array->bytes())};
  array->copy_to(out.data);
  return out;
}

std::string error_of(const Buffer& message) {
  const auto array = decode(message);
  return array ? "" : array.error().message;
}

template <typename T>
Buffer items(std::initializer_list<T> values) {
  Buffer out(values.size() * sizeof(T));
  std::size_t at = 0;
  for (const T value : values) {
    std::memcpy(out.data() + at, &value, sizeof value);
    at += sizeof value;
  }
  return out;
}

Shape shape_of(std::initializer_list<std::uint32_t> extents) {
  Shape shape;
  shape.dimensions = extents.size();
  shape.extents = {1, 1, 1};
  std::copy(extents.begin(), extents.end(), shape.extents.begin());
  return shape;
}

// {{1, 2, 3}, {256, 65535, 2573}} as numpy 1.24 writes it with protocol 4, and as Python 2.7's two
// picklers wrote numpy 1.16's with protocol 0.
constexpr std::string_view kProtocol4 =
    "80049596000000000000008c156e756d70792e636f72652e6d756c74696172726179948c0c5f7265636f6e73747275"
    "63749493948c056e756d7079948c076e6461727261799493944b0085944301629487945294284b014b024b03869468"
    "038c0564747970659493948c02753294898887945294284b038c013c944e4e4e4affffffff4affffffff4b00749462"
    "89430c0100020003000001ffff0d0a947494622e";
const auto kPython2 =
    "cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5\n"
    "(I1\n(I2\nI3\ntp6\ncnumpy\ndtype\np7\n(S'u2'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'<'\np11\n"
    "NNNI-1\nI-1\nI0\ntp12\nbI00\nS'\\x01\\x00\\x02\\x00\\x03\\x00\\x00\\x01\\xff\\xff\\r\\n'\n"
    "p13\ntp14\nb."s;
const auto kExample = items<std::uint16_t>({1, 2, 3, 256, 65535, 2573});

// The universal dialect of the same array, byte by byte.
const auto kUniversal =
    "\x80\x02"
    "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R(K\1K\2K\3\x86"
    "cnumpy\ndtype\nU\2u2\x89\x88\x87R(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89"
    "c_codecs\nencode\nX\x0e\0\0\0\1\0\2\0\3\0\0\1\xc3\xbf\xc3\xbf\r\nU\6latin1\x86Rtb."s;

}  // namespace

TEST(PickleDecode, ReadsWhatNumpyAndPython2Write) {
  for (const auto& message : {from_hex(kProtocol4), bytes_of(kPython2), bytes_of(kUniversal)}) {
    const auto array = read(message);
    ASSERT_TRUE(array) << array.error().message;
    EXPECT_EQ(array->dtype, DType::UInt16);
    EXPECT_EQ(array->shape, shape_of({2, 3}));
    EXPECT_EQ(array->data, kExample);
  }
}

TEST(PickleDecode, GivesAViewWhereNothingNeedsToMove) {
  const auto raw = from_hex(kProtocol4);
  const auto array = decode(raw);
  ASSERT_TRUE(array);
  const auto view = array->view();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->data.data(), raw.data() + raw.size() - 17);
  EXPECT_EQ(view->number(4), 65535);
  const auto quoted = bytes_of(kPython2);
  EXPECT_FALSE(decode(quoted)->view());
}

TEST(PickleDecode, EveryTruncationIsAnErrorAndSaysSo) {
  for (const auto& whole : {from_hex(kProtocol4), bytes_of(kPython2), bytes_of(kUniversal)})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that a read past the end is one.
      const Buffer part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto array = decode(part);
      ASSERT_FALSE(array) << size;
      EXPECT_EQ(array.error().code, ErrorCode::Truncated) << size << array.error().message;
    }
}

TEST(PickleDecode, RefusesOpcodesAndGlobalsByName) {
  EXPECT_NE(error_of(bytes_of("cos\nsystem\n(S'true'\ntR.")).find("global 'os system'"),
            std::string::npos);
  EXPECT_NE(error_of(bytes_of("\x80\4\x8c\2os\x8c\6system\x93.")).find("global 'os system'"),
            std::string::npos);
  EXPECT_NE(error_of(bytes_of("\x80\2]q\0.")).find("EMPTY_LIST (0x5d)"), std::string::npos);
  EXPECT_NE(error_of(bytes_of("\x80\5\x97.")).find("NEXT_BUFFER (0x97)"), std::string::npos);
  EXPECT_NE(error_of(bytes_of("\x80\2K\1"
                              "2."))
                .find("DUP (0x32)"),
            std::string::npos);
  EXPECT_NE(error_of(bytes_of("\x80\6.")).find("protocol 6"), std::string::npos);
  const auto hostile = error_of(bytes_of("cevil\x1b[31m\nname\n."));
  EXPECT_NE(hostile.find("evil?[31m"), std::string::npos) << hostile;
}

TEST(PickleDecode, EveryCallButTheKnownOnesIsRefused) {
  const auto refused = [](std::string_view text) {
    const auto array = decode(bytes_of(text));
    return !array && array.error().code == ErrorCode::InvalidArgument;
  };
  EXPECT_TRUE(refused("cnumpy\nndarray\n(I1\ntR."));
  EXPECT_TRUE(refused("c__builtin__\nbytes\n(I9\ntR."));
  EXPECT_TRUE(refused("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntS'b'\ntR."));
  EXPECT_TRUE(refused("c_codecs\nencode\n(Vab\nVutf8\ntR."));
  EXPECT_TRUE(refused("N."));
  EXPECT_TRUE(refused("I7\n(I1\ntb."));
  EXPECT_TRUE(refused("R."));
  EXPECT_TRUE(refused("t."));
  EXPECT_TRUE(refused("(R."));
  EXPECT_TRUE(refused("h\7."));
  EXPECT_TRUE(refused("\x80\2\x80\2."));
  EXPECT_TRUE(refused("I12345678901234567890123456\n."));
  EXPECT_TRUE(refused("Sab\n."));
  EXPECT_TRUE(refused("S'\\q'\n."));
}

TEST(PickleDecode, LimitsHoldAtTheirEdge) {
  const auto with_puts = [](std::size_t count) {
    auto text = kUniversal.substr(0, 2);
    // N + q 0, count times: what is left over on the stack is refused, but only at the end.
    for (std::size_t i = 0; i < count; ++i) text += "N";
    return bytes_of(text + ".");
  };
  EXPECT_NE(error_of(with_puts(kMaxStack)).find("does not hold one array"), std::string::npos);
  EXPECT_NE(error_of(with_puts(kMaxStack + 1)).find("64 values on its stack"), std::string::npos);
  EXPECT_NE(error_of(bytes_of(std::string(kMaxMarks + 1, '(') + ".")).find("16 nested marks"),
            std::string::npos);
  EXPECT_NE(error_of(bytes_of("Nq\x3f.")).find("does not hold one array"), std::string::npos);
  EXPECT_NE(error_of(bytes_of("Nq\x40.")).find("64 memo entries"), std::string::npos);
  std::string many = "N";
  for (std::size_t i = 0; i < kMaxOpcodes; ++i) many += "q"s + '\0';
  EXPECT_NE(error_of(bytes_of(many + ".")).find("256 opcodes"), std::string::npos);
  const auto message = from_hex(kProtocol4);
  EXPECT_TRUE(read(message, 12));
  const auto refused = read(message, 11);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
}

TEST(PickleDecode, TheDataMustFitTheShapeExactly) {
  auto message = kUniversal;
  const auto extent = message.find("K\2K\3\x86") + 3;
  for (const char wrong : {'\2', '\4', '\0'}) {
    message[extent] = wrong;
    EXPECT_NE(error_of(bytes_of(message)).find("more or fewer bytes"), std::string::npos);
  }
  auto huge = kUniversal;
  huge.replace(huge.find("K\2K\3\x86"), 5, "M\xff\xffM\xff\xffM\xff\xff\x87"s);
  EXPECT_NE(error_of(bytes_of(huge)).find("are allowed"), std::string::npos);
  huge = kUniversal;
  huge.replace(huge.find("K\2K\3\x86"), 5, "J\0\0\1\0K\1\x86"s);
  EXPECT_NE(error_of(bytes_of(huge)).find("an extent of 65536"), std::string::npos);
}

TEST(PickleDecode, BytesAfterTheEndAreRefused) {
  EXPECT_NE(error_of(bytes_of(kUniversal + "N")).find("bytes after its end"), std::string::npos);
}

TEST(PickleDecode, ByteOrderAndColumnMajorOrderAreUndone) {
  auto message = kUniversal;
  message[message.find("U\1<") + 2] = '>';
  auto array = read(bytes_of(message));
  ASSERT_TRUE(array);
  EXPECT_EQ(array->data, items<std::uint16_t>({0x0100, 0x0200, 0x0300, 1, 0xffff, 0x0d0a}));
  message = kUniversal;
  message[message.find("tb\x89") + 2] = '\x88';
  array = read(bytes_of(message));
  ASSERT_TRUE(array);
  EXPECT_EQ(array->data, items<std::uint16_t>({1, 3, 65535, 2, 256, 2573}));
}

TEST(PickleEncode, WritesTheSameBytesForEver) {
  const NdArray array{DType::UInt16, shape_of({2, 3}), kExample};
  Buffer out = bytes_of("head");
  encode(array, Dialect::Universal, out);
  EXPECT_EQ(text_of(out), "head" + kUniversal);
  out.clear();
  encode(array, Dialect::Python3, out);
  EXPECT_EQ(text_of(out),
            "\x80\3"
            "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85"
            "C\1b\x87R(K\1K\2K\3\x86"
            "cnumpy\ndtype\nX\2\0\0\0u2\x89\x88\x87R(K\3X\1\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff"
            "\xffK\0tb\x89"
            "B\x0c\0\0\0\1\0\2\0\3\0\0\1\xff\xff\r\ntb."s);
  out.clear();
  encode(array, Dialect::Python2, out);
  EXPECT_EQ(text_of(out),
            "\x80\2"
            "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R(K\1K\2K\3\x86"
            "cnumpy\ndtype\nU\2u2\x89\x88\x87R(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
            "\x89T\x0c\0\0\0\1\0\2\0\3\0\0\1\xff\xff\r\ntb."s);
}

TEST(PickleEncode, WhatIsWrittenReadsBack) {
  std::mt19937 random(7);
  for (const auto dtype :
       {DType::UInt8, DType::UInt16, DType::Int32, DType::Int64, DType::Float32, DType::Float64})
    for (const auto& shape : {shape_of({0}), shape_of({1}), shape_of({300, 2}), shape_of({5, 7, 3}),
                              shape_of({2, 0, 3})})
      for (const auto dialect : {Dialect::Universal, Dialect::Python3, Dialect::Python2}) {
        Buffer data(static_cast<std::size_t>(shape.items()) * item_bytes(dtype));
        for (auto& b : data) b = static_cast<std::byte>(random());
        const NdArray array{dtype, shape, data};
        Buffer out;
        encode(array, dialect, out);
        EXPECT_LE(out.size(), max_encoded_bytes(array, dialect));
        const auto back = read(out);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->dtype, dtype);
        EXPECT_EQ(back->shape, shape);
        EXPECT_EQ(back->data, data);
      }
}

TEST(PickleLatin1, BothWaysAgreeAtEveryLengthAndDensity) {
  std::mt19937 random(11);
  for (const unsigned density : {0U, 1U, 8U, 16U})
    for (std::size_t size = 0; size < 70; ++size) {
      Buffer in(size);
      for (auto& b : in)
        b = static_cast<std::byte>((random() & 0x7fU) | (random() % 16 < density ? 0x80U : 0U));
      // Exactly as large as it must be: a store beyond it is one the sanitizer sees.
      const auto text_size = size + count_high(in);
      Buffer text(text_size);
      ASSERT_EQ(latin1_to_utf8(in, text.data()), text.data() + text_size);
      ASSERT_EQ(utf8_latin1_length(text), size);
      Buffer back(size);
      utf8_to_latin1(text, back.data());
      ASSERT_EQ(back, in);
    }
}

TEST(PickleLatin1, OtherTextIsNoLatin1) {
  for (const auto* bad : {"\xc3", "a\xc3", "\xa0", "a\xa0", "\xc3\xc3\xa0", "\xc3\xa0\xa0",
                          "\xc4\x80", "\xe2\x82\xac", "\xc1\x81", "\xff",
                          "\xc3"
                          "a"})
    EXPECT_FALSE(utf8_latin1_length(bytes_of(bad))) << bad;
  for (const auto* bad : {"\\", "\\u00", "\\u0100", "\\x41", "\\U0000004", "\\u00g0"})
    EXPECT_FALSE(escaped_length(bytes_of(bad))) << bad;
  for (const auto* bad : {"'", "\\", "\\x4", "\\xg0", "\\101", "\x7f", "\x80", "\t"})
    EXPECT_FALSE(quoted_length(bytes_of(bad), '\'')) << bad;
}

// The recorded streams of numpy and of Python 2, where the machine has them.
TEST(PickleDecode, ReadsEveryRecordedVector) {
  const auto path = std::filesystem::path(LENSWIRE_SOURCE_DIR) /
                    "../shared/protocols/transcripts/pickle-vectors.txt";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << "no recordings at " << path;
  const std::map<std::string, Read> expected = {
      {"u1_1d", {DType::UInt8, shape_of({3}), items<std::uint8_t>({1, 2, 250})}},
      {"u2_2d", {DType::UInt16, shape_of({2, 3}), kExample}},
      {"i8_1d", {DType::Int64, shape_of({2}), {}}},
      {"f8_1d", {DType::Float64, shape_of({2}), items<double>({120.5, 77.25})}},
      {"u1_3d", {DType::UInt8, {}, {}}},
      {"u2_2d_fortran",
       {DType::UInt16, shape_of({2, 3}), items<std::uint16_t>({1, 2, 3, 4, 5, 6})}},
      {"u2_strided", {DType::UInt16, shape_of({3, 2}), items<std::uint16_t>({0, 2, 4, 6, 8, 10})}},
      {"u2_big_endian", {DType::UInt16, shape_of({2}), items<std::uint16_t>({1, 2})}},
      {"empty", {DType::UInt8, shape_of({0}), {}}},
      {"f4_1d", {DType::Float32, shape_of({1}), items<float>({1.5F})}},
      {"py2", {DType::UInt16, shape_of({2, 3}), kExample}},
  };
  std::size_t seen = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("===== ")) continue;
    const auto name = line.substr(6, line.find(' ', 6) - 6);
    const auto title = line;
    std::getline(file, line);
    const auto message = from_hex(line);
    const auto array = read(message);
    ASSERT_TRUE(array) << title << ": " << array.error().message;
    const auto& wanted = expected.at(name);
    EXPECT_EQ(array->dtype, wanted.dtype) << title;
    if (!wanted.data.empty()) {
      EXPECT_EQ(array->data, wanted.data) << title;
    }
    if (wanted.shape.items() != 0) {
      EXPECT_EQ(array->shape, wanted.shape) << title;
    }
    ++seen;
  }
  EXPECT_EQ(seen, 66U);
}

}  // namespace lenswire::wire::pickle
