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

uint32_t reverse_bits(uint32_t value, uint32_t count) noexcept {
  uint32_t out = 0;
  for (uint32_t i = 0; i < count; ++i) out |= (value >> i & 1) << (count - 1 - i);
  return out;
}

/// False unless the lengths form exactly one complete code of two symbols or more.
bool build_table(const uint8_t* lengths, HuffmanTable& table) noexcept {
  uint32_t count[kMaxCodeBits + 1] = {};
  for (uint32_t i = 0; i < 256; ++i) ++count[lengths[i]];
  uint32_t longest = kMaxCodeBits;
  while (longest > 0 && count[longest] == 0) --longest;
  if (longest == 0) return false;
  uint32_t code[kMaxCodeBits + 1];
  uint32_t used = 0;
  for (uint32_t bits = 1; bits <= longest; ++bits) {
    code[bits] = used >> (longest - bits);
    used += count[bits] << (longest - bits);
  }
  if (used != 1U << longest) return false;
  table.bits = longest;
  for (uint32_t symbol = 0; symbol < 256; ++symbol) {
    const uint32_t bits = lengths[symbol];
    if (bits == 0) continue;
    const uint32_t step = 1U << bits;
    const auto entry = static_cast<uint16_t>(symbol | bits << 8);
    for (uint32_t i = reverse_bits(code[bits]++, bits); i < 1U << longest; i += step)
      table.entry[i] = entry;
  }
  return true;
}

/// One bit stream, least significant bit first.
struct BitStream {
  const uint8_t* next;
  const uint8_t* end;
  uint64_t buffer = 0;
  uint32_t bits = 0;

  /// May read 8 bytes from `next`.
  void refill() noexcept {
    buffer |= load64(next) << bits;
    next += (63 - bits) >> 3;
    bits |= 56;
  }
  void refill_at_end() noexcept {
    while (bits <= 56 && next < end) {
      buffer |= static_cast<uint64_t>(*next++) << bits;
      bits += 8;
    }
  }
  uint8_t decode(const uint16_t* table, uint64_t mask) noexcept {
    const uint32_t entry = table[buffer & mask];
    buffer >>= entry >> 8;
    bits -= entry >> 8;
    return static_cast<uint8_t>(entry);
  }
};

/// Decodes the last `count` symbols of a stream byte by byte, then demands that it ends here.
bool finish_stream(BitStream& s, const HuffmanTable& table, uint8_t* out, uint32_t count) noexcept {
  // A fast refill may have counted bytes beyond the stream's end: go back to what is really there.
  s.next -= s.bits >> 3;
  s.bits &= 7;
  s.buffer &= (uint64_t{1} << s.bits) - 1;
  if (s.next > s.end) return false;
  const uint64_t mask = (uint64_t{1} << table.bits) - 1;
  for (uint32_t i = 0; i < count; ++i) {
    s.refill_at_end();
    const uint32_t entry = table.entry[s.buffer & mask];
    if (entry >> 8 > s.bits) return false;
    s.buffer >>= entry >> 8;
    s.bits -= entry >> 8;
    out[i] = static_cast<uint8_t>(entry);
  }
  return s.next == s.end && s.bits < 8 && s.buffer == 0;
}

bool read_single(ByteCursor& in, const HuffmanTable& table, uint32_t count, uint8_t* out) noexcept {
  const uint32_t size = in.varint();
  const uint8_t* data = in.take(size);
  if (data == nullptr) return false;
  BitStream s{data, data + size};
  const uint64_t mask = (uint64_t{1} << table.bits) - 1;
  uint32_t done = 0;
  while (count - done >= 5 && s.end - s.next >= 8) {
    s.refill();
    for (int i = 0; i < 5; ++i) out[done++] = s.decode(table.entry, mask);
  }
  return finish_stream(s, table, out + done, count - done);
}

bool read_interleaved(ByteCursor& in, const HuffmanTable& table, uint32_t count,
                      uint8_t* out) noexcept {
  const uint32_t part = div_up(count, kStreams);
  if (part * (kStreams - 1) >= count) return false;
  uint32_t size[kStreams];
  for (uint32_t& s : size) s = in.varint();
  BitStream s[kStreams];
  for (uint32_t i = 0; i < kStreams; ++i) {
    s[i].next = in.take(size[i]);
    if (s[i].next == nullptr) return false;
    s[i].end = s[i].next + size[i];
  }
  const uint8_t* const end = in.next;
  const uint64_t mask = (uint64_t{1} << table.bits) - 1;
  // The last part is the shortest. Four streams at a time fit into the registers of x86.
  const uint32_t shortest = count - part * (kStreams - 1);
  uint32_t done[2] = {0, 0};
  for (uint32_t half = 0; half < 2; ++half) {
    BitStream a = s[half * 4];
    BitStream b = s[half * 4 + 1];
    BitStream c = s[half * 4 + 2];
    BitStream d = s[half * 4 + 3];
    uint8_t* to = out + size_t{half} * 4 * part;
    const uint32_t target = half == 0 ? part : shortest;
    uint32_t i = 0;
    // A damaged stream may run into its neighbours' bytes, never past the section.
    while (i + 5 <= target && end - a.next >= 8 && end - b.next >= 8 && end - c.next >= 8 &&
           end - d.next >= 8) {
      a.refill();
      b.refill();
      c.refill();
      d.refill();
      for (int k = 0; k < 5; ++k, ++i) {
        to[i] = a.decode(table.entry, mask);
        to[part + i] = b.decode(table.entry, mask);
        to[2 * size_t{part} + i] = c.decode(table.entry, mask);
        to[3 * size_t{part} + i] = d.decode(table.entry, mask);
      }
    }
    s[half * 4] = a;
    s[half * 4 + 1] = b;
    s[half * 4 + 2] = c;
    s[half * 4 + 3] = d;
    done[half] = i;
  }
  for (uint32_t i = 0; i < kStreams; ++i) {
    const uint32_t length = i == kStreams - 1 ? shortest : part;
    const uint32_t from = done[i / 4];
    if (!finish_stream(s[i], table, out + size_t{i} * part + from, length - from)) return false;
  }
  return true;
}

}  // namespace

bool read_section(ByteCursor& in, uint32_t count, uint8_t* out, HuffmanTable& scratch) noexcept {
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
  return read_interleaved(in, scratch, count, out);
}

}  // namespace lenswire::strata
