#include "huffman_decode.hpp"

namespace lenswire::strata {
namespace {

/// Code lengths as nibbles, low nibble first: 1..11 = length of the next symbol; 0 and a nibble r =
/// r + 1 symbols that do not occur; 15 = all the rest do not occur; 12 and a nibble r = the last
/// length r + 2 times more.
bool read_lengths(ByteCursor& in, uint8_t* lengths) noexcept {
  uint32_t symbol = 0;
  uint32_t last = 0;
  uint32_t held = 0;
  bool have = false;
  const auto nibble = [&]() noexcept -> uint32_t {
    if (have) {
      have = false;
      return held;
    }
    const uint32_t byte = in.u8();
    held = byte >> 4;
    have = true;
    return byte & 15;
  };
  while (symbol < 256) {
    const uint32_t value = nibble();
    if (!in.ok) return false;
    if (value >= 1 && value <= kMaxCodeBits) {
      lengths[symbol++] = static_cast<uint8_t>(value);
      last = value;
    } else if (value == 0) {
      const uint32_t run = nibble() + 1;
      if (!in.ok || run > 256 - symbol) return false;
      for (uint32_t i = 0; i < run; ++i) lengths[symbol++] = 0;
    } else if (value == 12) {
      const uint32_t run = nibble() + 2;
      if (!in.ok || last == 0 || run > 256 - symbol) return false;
      for (uint32_t i = 0; i < run; ++i) lengths[symbol++] = static_cast<uint8_t>(last);
    } else if (value == 15) {
      while (symbol < 256) lengths[symbol++] = 0;
    } else {
      return false;
    }
  }
  return true;
}

/// False unless the lengths form exactly one complete code of two symbols or more.
bool build_table(const uint8_t* lengths, HuffmanTable& table) noexcept {
  uint32_t count[kMaxCodeBits + 1] = {};
  for (uint32_t i = 0; i < 256; ++i) ++count[lengths[i]];
  uint32_t longest = kMaxCodeBits;
  while (longest > 0 && count[longest] == 0) --longest;
  if (longest == 0) return false;
  uint32_t used = 0;
  uint32_t first[kMaxCodeBits + 1];  // where the symbols of a length begin in `sorted`
  uint32_t symbols = 0;
  for (uint32_t bits = 1; bits <= longest; ++bits) {
    first[bits] = symbols;
    symbols += count[bits];
    used += count[bits] << (longest - bits);
  }
  if (used != 1U << longest) return false;
  table.bits = longest;
  uint8_t sorted[256];
  for (uint32_t symbol = 0; symbol < 256; ++symbol)
    if (lengths[symbol] != 0) sorted[first[lengths[symbol]]++] = static_cast<uint8_t>(symbol);
  // One length after the other: what shorter codes have filled repeats in the next, larger table.
  uint32_t code = 0;
  uint32_t next = 0;
  table.entry[0] = 0;
  for (uint32_t bits = 1; bits <= longest; ++bits) {
    const size_t half = size_t{1} << (bits - 1);
    __builtin_memcpy(table.entry + half, table.entry, half * sizeof *table.entry);
    code <<= 1;
    for (uint32_t i = 0; i < count[bits]; ++i, ++code)
      table.entry[reverse16(code) >> (16 - bits)] = sorted[next++] | 1U << 16 | bits << 24;
  }
  return true;
}

/// Joins two short codes into one lookup.
void build_pairs(HuffmanTable& table) noexcept {
  // Always as wide as it can be: that fits more pairs.
  const uint32_t mask = (1U << table.bits) - 1;
  for (uint32_t i = 0; i < 1U << kMaxCodeBits; ++i) {
    const uint32_t first = table.entry[i & mask];
    const uint32_t used = first >> 24;
    const uint32_t second = table.entry[i >> used & mask];
    const uint32_t both = used + (second >> 24);
    table.pair_entry[i] =
        both > kMaxCodeBits ? first : (first & 255) | (second & 255) << 8 | 2U << 16 | both << 24;
  }
}

/// Decodes the rest of a stream, then demands that it ends here.
bool finish_stream(BitStream& s, const HuffmanTable& table) noexcept {
  const uint64_t mask = (uint64_t{1} << table.bits) - 1;
  // Four streams side by side stop with the first of them: the others may have far to go.
  while (s.out_end - s.out >= 5 && s.end - s.next >= 8) {
    s.refill();
    for (int i = 0; i < 5; ++i) {
      const uint32_t entry = table.entry[s.buffer & mask];
      s.buffer >>= entry >> 24;
      s.bits -= entry >> 24;
      *s.out++ = static_cast<uint8_t>(entry);
    }
  }
  // A fast refill may have taken bytes beyond the stream's end: go back to what is really used.
  s.next -= s.bits >> 3;
  s.bits &= 7;
  s.buffer &= (uint64_t{1} << s.bits) - 1;
  if (s.next > s.end) return false;
  while (s.out != s.out_end) {
    s.refill_at_end();
    const uint32_t entry = table.entry[s.buffer & mask];
    if (entry >> 24 > s.bits) return false;
    s.buffer >>= entry >> 24;
    s.bits -= entry >> 24;
    *s.out++ = static_cast<uint8_t>(entry);
  }
  return s.next == s.end && s.bits < 8 && s.buffer == 0;
}

BitStream open_stream(const uint8_t* data, uint32_t size, uint8_t* out, uint32_t count) noexcept {
  uint8_t* const end = out + count;
  return {data, data + size, 0, 0, out, count > kRoundSymbols ? end - kRoundSymbols - 1 : out - 1,
          end};
}

bool read_single(ByteCursor& in, const HuffmanTable& table, uint32_t count, uint8_t* out) noexcept {
  const uint32_t size = in.varint();
  const uint8_t* data = in.take(size);
  if (data == nullptr) return false;
  BitStream s = open_stream(data, size, out, count);
  return finish_stream(s, table);
}

bool read_interleaved(ByteCursor& in, HuffmanTable& table, uint32_t count, uint8_t* out,
                      const DecodeKernels& kernels) noexcept {
  const uint32_t part = div_up(count, kStreams);
  if (part * (kStreams - 1) >= count) return false;
  uint32_t size[kStreams];
  for (uint32_t& s : size) s = in.varint();
  StreamGroup group[2];
  uint64_t total = 0;
  for (uint32_t i = 0; i < kStreams; ++i) {
    const uint8_t* data = in.take(size[i]);
    if (data == nullptr) return false;
    const uint32_t from = i * part;
    group[i / 4].stream[i % 4] =
        open_stream(data, size[i], out + from, i + 1 < kStreams ? part : count - from);
    total += size[i];
  }
  // Joining pairs costs as much as reading some thousand symbols, and is of no use for long codes.
  const bool pairs = count >= 8192 && total * 8 < uint64_t{count} * 7;
  if (pairs) build_pairs(table);
  for (StreamGroup& g : group) {
    g.end = in.next;
    g.table = pairs ? table.pair_entry : table.entry;
    g.index_mask = (uint64_t{1} << (pairs ? kMaxCodeBits : table.bits)) - 1;
    if (total >= 8) kernels.read_streams(g);
    for (BitStream& s : g.stream)
      if (!finish_stream(s, table)) return false;
  }
  return true;
}

}  // namespace

bool read_section(ByteCursor& in, uint32_t count, uint8_t* out, HuffmanTable& scratch,
                  const DecodeKernels& kernels) noexcept {
  if (count == 0) return true;
  const uint32_t type = in.u8();
  if (!in.ok || type > static_cast<uint32_t>(SectionType::Huffman8)) return false;
  if (static_cast<SectionType>(type) == SectionType::Stored) {
    const uint8_t* data = in.take(count);
    if (data == nullptr) return false;
    __builtin_memcpy(out, data, count);
    return true;
  }
  if (static_cast<SectionType>(type) == SectionType::Constant) {
    const uint32_t value = in.u8();
    __builtin_memset(out, static_cast<int>(value), count);
    return in.ok;
  }
  uint8_t lengths[256];
  if (!read_lengths(in, lengths) || !build_table(lengths, scratch)) return false;
  if (static_cast<SectionType>(type) == SectionType::Huffman1)
    return read_single(in, scratch, count, out);
  return read_interleaved(in, scratch, count, out, kernels);
}

}  // namespace lenswire::strata
