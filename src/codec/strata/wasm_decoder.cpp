// The decoder for browsers: the same code as everywhere, without any library.
//
// The page's side: strata_wasm_reserve() with the frame's size, copy the frame to the address it
// returns, strata_wasm_decode(), read the pixels. Memory only grows; a second frame reuses it.
#include "decode_core.hpp"

using namespace lenswire::strata;

extern "C" {

// What a compiler may call even in freestanding code.
void* memcpy(void* to, const void* from, size_t count) {
  auto* t = static_cast<uint8_t*>(to);
  const auto* f = static_cast<const uint8_t*>(from);
  while (count >= 8) {
    store64(t, load64(f));
    t += 8;
    f += 8;
    count -= 8;
  }
  while (count-- > 0) *t++ = *f++;
  return to;
}

void* memset(void* to, int value, size_t count) {
  auto* t = static_cast<uint8_t*>(to);
  const uint64_t eight = 0x0101010101010101U * static_cast<uint8_t>(value);
  while (count >= 8) {
    store64(t, eight);
    t += 8;
    count -= 8;
  }
  while (count-- > 0) *t++ = static_cast<uint8_t>(value);
  return to;
}

extern uint8_t __heap_base;
}

namespace {

constexpr size_t kPage = 65536;

RankTable table;
FrameHeader header;
const uint8_t* pixels_at = nullptr;
uint8_t* frame_at = nullptr;
size_t frame_size = 0;

/// False when the browser gives no more memory.
bool ensure(size_t end) {
  const size_t have = __builtin_wasm_memory_size(0) * kPage;
  if (end <= have) return true;
  return __builtin_wasm_memory_grow(0, (end - have + kPage - 1) / kPage) != SIZE_MAX;
}

size_t align(size_t at) { return (at + 63) / 64 * 64; }

}  // namespace

#define LENSWIRE_EXPORT(name) extern "C" __attribute__((export_name(#name)))

/// Where to put a frame of `size` bytes; 0 when there is no memory.
LENSWIRE_EXPORT(reserve) uint8_t* strata_wasm_reserve(size_t size) {
  if (size > kMaxPixels * 3) return nullptr;
  frame_at = &__heap_base;
  frame_size = size;
  return ensure(reinterpret_cast<size_t>(frame_at) + size) ? frame_at : nullptr;
}

/// Decodes the reserved frame. Returns a strata_status.
LENSWIRE_EXPORT(decode) int strata_wasm_decode() {
  FrameLayout layout;
  strata_status status = read_layout(frame_at, frame_size, table, layout);
  header = layout.header;
  if (status != STRATA_OK) return status;
  const size_t stride = size_t{header.width} * 2;
  const size_t pixels = align(reinterpret_cast<size_t>(frame_at) + frame_size);
  const uint32_t rows = header.band_rows < header.height ? header.band_rows : header.height;
  const size_t scratch = align(pixels + stride * header.height);
  if (!ensure(scratch + workspace_bytes(header.width, rows))) return STRATA_OUT_OF_MEMORY;
  auto* out = reinterpret_cast<uint8_t*>(pixels);
  pixels_at = out;
  BandWorkspace workspace;
  bind_workspace(workspace, reinterpret_cast<uint8_t*>(scratch), header.width, rows);
  const uint8_t* at = layout.first_band;
  for (uint32_t i = 0; i < header.bands; ++i) {
    const uint32_t size = load32(layout.directory + 4 * i);
    const uint32_t first = i * header.band_rows;
    const uint32_t left = header.height - first;
    status = decode_band(
        {at, size, header.width, first, left < rows ? left : rows, header.near_limit,
         (header.flags & kFlagRankTable) != 0 ? table.code : nullptr, out + first * stride, stride},
        workspace, kScalarDecodeKernels);
    if (status != STRATA_OK) return status;
    at += size;
  }
  return STRATA_OK;
}

/// Of the frame last decoded: row-major uint16 without padding.
LENSWIRE_EXPORT(pixels) const uint8_t* strata_wasm_pixels() { return pixels_at; }
LENSWIRE_EXPORT(width) uint32_t strata_wasm_width() { return header.width; }
LENSWIRE_EXPORT(height) uint32_t strata_wasm_height() { return header.height; }
