#include "huffman_encode.hpp"

#include <algorithm>
#include <cstring>

namespace lenswire::strata {
namespace {

struct Histogram {
  uint32_t count[256];
};

void count_bytes(const uint8_t* bytes, uint32_t count, Histogram& histogram) noexcept {
  // Eight tables: neighbours are often equal, and would wait for each other's store.
  uint32_t part[8][256] = {};
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const uint64_t eight = load64(bytes + i);
    for (uint32_t k = 0; k < 8; ++k) ++part[k][eight >> 8 * k & 255];
  }
  for (; i < count; ++i) ++part[0][bytes[i]];
  for (uint32_t s = 0; s < 256; ++s) {
    histogram.count[s] = 0;
    for (const auto& table : part) histogram.count[s] += table[s];
  }
}

/// Sorts count << 8 | symbol, which come in rising order of symbols: by the bytes of the count, so
/// in steps that do not depend on the numbers.
void sort_by_count(uint64_t* items, uint32_t count) noexcept {
  uint64_t all = 0;
  for (uint32_t i = 0; i < count; ++i) all |= items[i];
  uint64_t other[256];
  uint64_t* from = items;
  uint64_t* to = other;
  for (uint32_t shift = 8; shift < 64 && all >> shift != 0; shift += 8) {
    uint32_t next[256] = {};
    for (uint32_t i = 0; i < count; ++i) ++next[from[i] >> shift & 255];
    uint32_t sum = 0;
    for (uint32_t& n : next) {
      const uint32_t here = n;
      n = sum;
      sum += here;
    }
    for (uint32_t i = 0; i < count; ++i) to[next[from[i] >> shift & 255]++] = from[i];
    std::swap(from, to);
  }
  if (from != items) std::memcpy(items, from, count * sizeof *items);
}

/// Lengths of an optimal prefix code, then shortened to kMaxCodeBits. `used` is at least 2.
/// Counts of equal size are ordered by symbol, so that every machine makes the same code.
void make_lengths(const Histogram& histogram, uint8_t (&lengths)[256]) noexcept {
  uint64_t sorted[256];
  uint32_t used = 0;
  for (uint32_t s = 0; s < 256; ++s)
    if (histogram.count[s] != 0) sorted[used++] = uint64_t{histogram.count[s]} << 8 | s;
  sort_by_count(sorted, used);
  std::memset(lengths, 0, sizeof lengths);

  // Two queues: leaves in rising order, and inner nodes, which are made in rising order.
  uint64_t weight[256];
  uint16_t parent_of_leaf[256];
  uint16_t parent_of_node[256];
  uint32_t leaf = 0;
  uint32_t node = 0;
  for (uint32_t made = 0; made + 1 < used; ++made) {
    uint64_t sum = 0;
    for (int k = 0; k < 2; ++k) {
      if (leaf < used && (node >= made || sorted[leaf] >> 8 <= weight[node])) {
        parent_of_leaf[leaf] = static_cast<uint16_t>(made);
        sum += sorted[leaf++] >> 8;
      } else {
        parent_of_node[node] = static_cast<uint16_t>(made);
        sum += weight[node++];
      }
    }
    weight[made] = sum;
  }
  uint16_t depth[256];
  depth[used - 2] = 0;
  for (uint32_t i = used - 2; i-- > 0;)
    depth[i] = static_cast<uint16_t>(depth[parent_of_node[i]] + 1);

  // Clip, then repay the debt of the clipped codes with the rarest that are still short.
  constexpr uint32_t kWhole = 1U << kMaxCodeBits;
  uint8_t length[256];
  uint32_t space = 0;
  for (uint32_t i = 0; i < used; ++i) {
    length[i] =
        static_cast<uint8_t>(std::min<uint32_t>(depth[parent_of_leaf[i]] + 1U, kMaxCodeBits));
    space += kWhole >> length[i];
  }
  while (space > kWhole) {
    for (uint32_t i = 0; i < used && space > kWhole; ++i) {
      if (length[i] == kMaxCodeBits) continue;
      space -= kWhole >> (length[i] + 1);
      ++length[i];
    }
  }
  for (uint32_t i = used; i-- > 0;)
    while (length[i] > 1 && space + (kWhole >> length[i]) <= kWhole) {
      space += kWhole >> length[i];
      --length[i];
    }
  for (uint32_t i = 0; i < used; ++i) lengths[sorted[i] & 255] = length[i];
}

/// Codes as BitWriter takes them.
void make_codes(const uint8_t (&lengths)[256], CodeTable& codes) noexcept {
  uint32_t count[kMaxCodeBits + 1] = {};
  for (const uint8_t length : lengths) ++count[length];
  uint32_t next[kMaxCodeBits + 1];
  uint32_t code = 0;
  count[0] = 0;
  for (uint32_t bits = 1; bits <= kMaxCodeBits; ++bits) {
    code = (code + count[bits - 1]) << 1;
    next[bits] = code;
  }
  for (uint32_t s = 0; s < 256; ++s) {
    const uint32_t bits = lengths[s];
    if (bits == 0) {
      codes.code[s] = 0;
      codes.compact[s] = 0;
      continue;
    }
    const uint32_t value = next[bits]++;
    const uint32_t reversed = reverse16(value) >> (16 - bits);
    codes.code[s] = writer_code(reversed, bits);
    codes.compact[s] = static_cast<uint16_t>(reversed | bits << 12);
  }
}

uint8_t* write_lengths(const uint8_t (&lengths)[256], uint8_t* out) noexcept {
  uint32_t nibbles = 0;
  const auto put = [&](uint32_t value) noexcept {
    if ((nibbles++ & 1) == 0)
      *out = static_cast<uint8_t>(value);
    else
      *out++ |= static_cast<uint8_t>(value << 4);
  };
  uint32_t end = 256;
  while (lengths[end - 1] == 0) --end;
  for (uint32_t s = 0; s < end;) {
    uint32_t run = 1;
    while (s + run < end && lengths[s + run] == lengths[s]) ++run;
    if (lengths[s] == 0) {
      run = std::min(run, 16U);
      put(0);
      put(run - 1);
    } else {
      put(lengths[s]);
      run = std::min(run, 18U);
      if (run >= 4) {
        put(12);
        put(run - 3);
      } else {
        run = 1;
      }
    }
    s += run;
  }
  if (end < 256) put(15);
  if ((nibbles & 1) != 0) ++out;
  return out;
}

/// The symbols up to `end`, then the last byte. Returns where the stream ends.
uint8_t* finish_stream(BitWriter& writer, const uint8_t* end, const CodeTable& codes) noexcept {
  while (writer.from != end) {
    writer.put(codes.code[*writer.from++]);
    writer.flush();
  }
  if (writer.bits != 0) *writer.to++ = static_cast<uint8_t>(writer.buffer >> (64 - writer.bits));
  return writer.to;
}

uint8_t* write_single(const uint8_t* bytes, uint32_t count, const CodeTable& codes,
                      uint8_t* out) noexcept {
  // The size comes before the stream, and is written when that is known.
  uint8_t* const data = out + 5;
  BitWriter writer{bytes, data, 0, 0};
  const auto size = static_cast<size_t>(finish_stream(writer, bytes + count, codes) - data);
  out = write_varint(out, static_cast<uint32_t>(size));
  std::memmove(out, data, size);
  return out + size;
}

uint8_t* write_interleaved(const uint8_t* bytes, uint32_t count, const CodeTable& codes,
                           uint8_t* out, const EncodeKernels& kernels) noexcept {
  const uint32_t part = div_up(count, kStreams);
  const uint32_t shortest = count - part * (kStreams - 1);
  // Each stream gets room for the longest codes; then they move together.
  const size_t room = (size_t{part} * kMaxCodeBits + 7) / 8 + 8;
  uint8_t* const data = out + 5 * kStreams;
  uint8_t* start[kStreams];
  uint8_t* end[kStreams];
  for (uint32_t i = 0; i < kStreams; ++i) start[i] = data + i * room;
  for (uint32_t half = 0; half < 2; ++half) {
    BitWriter writers[4];
    for (uint32_t k = 0; k < 4; ++k) {
      const uint32_t i = half * 4 + k;
      writers[k] = {bytes + size_t{i} * part, start[i], 0, 0};
    }
    kernels.write_streams(writers, codes, shortest);
    for (uint32_t k = 0; k < 4; ++k) {
      const uint32_t i = half * 4 + k;
      const uint8_t* const last = i + 1 < kStreams ? bytes + size_t{i + 1} * part : bytes + count;
      end[i] = finish_stream(writers[k], last, codes);
    }
  }
  for (uint32_t i = 0; i < kStreams; ++i)
    out = write_varint(out, static_cast<uint32_t>(end[i] - start[i]));
  for (uint32_t i = 0; i < kStreams; ++i) {
    const auto size = static_cast<size_t>(end[i] - start[i]);
    std::memmove(out, start[i], size);
    out += size;
  }
  return out;
}

}  // namespace

uint8_t* write_varint(uint8_t* out, uint32_t value) noexcept {
  for (; value >= 128; value >>= 7) *out++ = static_cast<uint8_t>(value | 128);
  *out++ = static_cast<uint8_t>(value);
  return out;
}

uint8_t* write_section(const uint8_t* bytes, uint32_t count, uint8_t* out,
                       const EncodeKernels& kernels) noexcept {
  if (count == 0) return out;
  Histogram histogram;
  count_bytes(bytes, count, histogram);
  uint8_t* const start = out;
  if (histogram.count[bytes[0]] == count) {
    *out++ = static_cast<uint8_t>(SectionType::Constant);
    *out++ = bytes[0];
    return out;
  }
  uint8_t lengths[256];
  make_lengths(histogram, lengths);
  uint64_t total_bits = 0;
  for (uint32_t s = 0; s < 256; ++s) total_bits += uint64_t{histogram.count[s]} * lengths[s];
  if (total_bits / 8 + 8 < count) {
    CodeTable codes;
    make_codes(lengths, codes);
    const bool interleaved = count >= kMinInterleaved;
    *out++ = static_cast<uint8_t>(interleaved ? SectionType::Huffman8 : SectionType::Huffman1);
    out = write_lengths(lengths, out);
    out = interleaved ? write_interleaved(bytes, count, codes, out, kernels)
                      : write_single(bytes, count, codes, out);
    if (static_cast<size_t>(out - start) < size_t{count} + 1) return out;
    out = start;
  }
  *out++ = static_cast<uint8_t>(SectionType::Stored);
  std::memcpy(out, bytes, count);
  return out + count;
}

}  // namespace lenswire::strata
