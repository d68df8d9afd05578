// The C interface of Strata: frames out of bands.
#include "lenswire/strata.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>
#include <vector>

#include "band_encoder.hpp"
#include "decode_core.hpp"
#include "dispatch.hpp"
#include "workers.hpp"

using namespace lenswire::strata;

struct strata_encoder {
  strata_options options;
  const Target& target;
  Workers workers;
  RankMap ranks;
  std::vector<uint16_t> row_copy;
  std::vector<BandEncoder> bands;
};

struct strata_decoder {
  const Target& target;
  Workers workers;
  RankTable table;
  std::vector<std::unique_ptr<uint8_t[]>> memory;  ///< one per thread
  std::vector<BandWorkspace> workspaces;
  size_t workspace_size = 0;
  std::vector<strata_status> results;
};

namespace {

strata_status check_image(const void* pixels, size_t stride_bytes, uint32_t width,
                          uint32_t height) noexcept {
  if (pixels == nullptr || width == 0 || height == 0 || width > 65535 || height > 65535)
    return STRATA_BAD_ARGUMENT;
  if (size_t{width} * height > kMaxPixels) return STRATA_TOO_LARGE;
  return stride_bytes < size_t{width} * 2 ? STRATA_BAD_ARGUMENT : STRATA_OK;
}

/// The bands of an encoder, put together.
size_t assemble(const strata_encoder& e, uint32_t width, uint32_t height, uint32_t band_rows,
                uint32_t count, uint8_t* out, size_t capacity) noexcept {
  bool coded = false;
  size_t total = kFixedHeaderBytes + size_t{count} * 4;
  for (uint32_t i = 0; i < count; ++i) {
    total += e.bands[i].size();
    coded = coded || e.bands[i].bytes()[0] != static_cast<uint8_t>(BandType::Raw);
  }
  const size_t table = coded ? e.ranks.size() : 0;
  total += table;
  if (total > capacity) return total;
  std::memcpy(out, kMagic, 4);
  out[4] = kVersion;
  out[5] = table != 0 ? kFlagRankTable : uint8_t{0};
  out[6] = static_cast<uint8_t>(e.options.near_limit);
  out[7] = static_cast<uint8_t>(e.options.profile);
  store16(out + 8, width);
  store16(out + 10, height);
  store32(out + 12, static_cast<uint32_t>(total));
  store16(out + 16, band_rows);
  out += kFixedHeaderBytes;
  std::memcpy(out, e.ranks.bytes(), table);
  out += table;
  for (uint32_t i = 0; i < count; ++i, out += 4)
    store32(out, static_cast<uint32_t>(e.bands[i].size()));
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(out, e.bands[i].bytes(), e.bands[i].size());
    out += e.bands[i].size();
  }
  return total;
}

strata_status encode(strata_encoder& e, const PixelRows& image, uint8_t* out, size_t capacity,
                     size_t& size) {
  const uint32_t band_rows = choose_band_rows(image.width, image.height);
  const uint32_t count = div_up(image.height, band_rows);
  if (e.row_copy.size() < image.width) e.row_copy.resize(image.width);
  if (e.bands.size() < count) e.bands.resize(count);
  for (uint32_t i = 0; i < count; ++i) e.bands[i].reserve(image.width, band_rows);
  // Near must know every code. Else the few that were not seen are patched.
  const auto build = [&](RankMap::Look look) {
    e.ranks.build(image, e.options, *e.target.encode, look, e.row_copy.data());
  };
  if (e.options.near_limit != 0)
    build(RankMap::Look::All);
  else if (e.ranks.lasts())
    e.ranks.adapt(image, *e.target.encode, e.row_copy.data());
  else if (e.ranks.promises(image))
    build(RankMap::Look::Eighth);
  const auto band = [&](uint32_t index) -> PixelRows {
    const uint32_t first = index * band_rows;
    return {image.first + first * image.stride_bytes, image.stride_bytes, image.width,
            std::min(band_rows, image.height - first)};
  };
  std::atomic<bool> all_known{true};
  const auto encode_band = [&](uint32_t index, uint32_t) {
    if (!e.bands[index].encode(band(index), index * band_rows, e.ranks, e.options, *e.target.encode,
                               *e.target.decode))
      all_known.store(false, std::memory_order_relaxed);
  };
  e.workers.run(count, std::cref(encode_band));  // by reference: a copy would allocate
  if (!all_known.load(std::memory_order_relaxed)) {
    build(RankMap::Look::All);
    e.workers.run(count, std::cref(encode_band));
  }
  for (uint32_t i = 0; i < count; ++i) e.ranks.learn(e.bands[i].patches());
  const size_t limit = strata_max_bytes(image.width, image.height);
  size = assemble(e, image.width, image.height, band_rows, count, out, limit);
  if (size > limit) {
    // Only a near table can be that large.
    for (uint32_t i = 0; i < count; ++i)
      e.bands[i].encode_raw(band(i), i * band_rows, e.options, *e.target.decode);
    size = assemble(e, image.width, image.height, band_rows, count, out, limit);
  }
  return size <= capacity ? STRATA_OK : STRATA_BUFFER_TOO_SMALL;
}

void prepare(strata_decoder& d, uint32_t width, uint32_t rows, uint32_t bands) {
  const uint32_t threads = d.workers.threads();
  const size_t needed = workspace_bytes(width, rows);
  if (d.memory.size() < threads || d.workspace_size < needed) {
    d.memory.clear();
    d.workspaces.resize(threads);
    for (uint32_t i = 0; i < threads; ++i)
      d.memory.push_back(std::make_unique_for_overwrite<uint8_t[]>(needed));
    d.workspace_size = needed;
  }
  for (uint32_t i = 0; i < threads; ++i)
    bind_workspace(d.workspaces[i], d.memory[i].get(), width, rows);
  if (d.results.size() < bands) d.results.resize(bands);
}

strata_status decode(strata_decoder& d, const uint8_t* data, size_t size, uint8_t* pixels,
                     size_t stride_bytes, uint32_t width, uint32_t height) {
  FrameHeader header;
  strata_status status = read_header(data, size, header);
  if (status != STRATA_OK) return status;
  if (header.width != width || header.height != height) return STRATA_SIZE_MISMATCH;
  FrameLayout layout;
  status = read_layout(data, size, d.table, layout);
  if (status != STRATA_OK) return status;
  const uint32_t rows = std::min(header.band_rows, height);
  prepare(d, width, rows, header.bands);
  // Where a band begins is only known from the sizes of those before it.
  const auto decode_at = [&](uint32_t index, const uint8_t* at, uint32_t thread) {
    const uint32_t first = index * header.band_rows;
    d.results[index] = decode_band({at, load32(layout.directory + 4 * size_t{index}), width, first,
                                    std::min(header.band_rows, height - first), header.near_limit,
                                    (header.flags & kFlagRankTable) != 0 ? d.table.code : nullptr,
                                    pixels + first * stride_bytes, stride_bytes},
                                   d.workspaces[thread], *d.target.decode);
  };
  if (d.workers.threads() == 1) {
    const uint8_t* at = layout.first_band;
    for (uint32_t i = 0; i < header.bands; ++i) {
      decode_at(i, at, 0);
      if (d.results[i] != STRATA_OK) return d.results[i];
      at += load32(layout.directory + 4 * size_t{i});
    }
    return STRATA_OK;
  }
  const auto find_and_decode = [&](uint32_t index, uint32_t thread) {
    const uint8_t* at = layout.first_band;
    for (uint32_t i = 0; i < index; ++i) at += load32(layout.directory + 4 * size_t{i});
    decode_at(index, at, thread);
  };
  d.workers.run(header.bands, std::cref(find_and_decode));
  for (uint32_t i = 0; i < header.bands; ++i)
    if (d.results[i] != STRATA_OK) return d.results[i];
  return STRATA_OK;
}

}  // namespace

const char* strata_status_text(strata_status status) {
  switch (status) {
    case STRATA_OK:
      return "success";
    case STRATA_BAD_ARGUMENT:
      return "an argument is null, zero or too small";
    case STRATA_BUFFER_TOO_SMALL:
      return "the output buffer is smaller than strata_max_bytes()";
    case STRATA_TRUNCATED:
      return "the data end too early";
    case STRATA_CORRUPT:
      return "the data are damaged";
    case STRATA_UNSUPPORTED:
      return "not Strata data, or of a newer version";
    case STRATA_CHECKSUM:
      return "the checksum of the pixels does not match";
    case STRATA_TOO_LARGE:
      return "the image has too many pixels";
    case STRATA_SIZE_MISMATCH:
      return "the image has another size than the output";
    case STRATA_OUT_OF_MEMORY:
      return "out of memory";
  }
  return "unknown status";
}

size_t strata_max_bytes(uint32_t width, uint32_t height) {
  const size_t raw = size_t{width} * height * 2;
  return raw + raw / 100 + 64;
}

strata_encoder* strata_encoder_create(const strata_options* options) try {
  const strata_options wanted = options == nullptr ? strata_options{} : *options;
  if (wanted.near_limit > 255) return nullptr;
  return new strata_encoder{wanted, current_target(), Workers(std::max(wanted.threads, 1U)), {}, {},
                            {}};
} catch (const std::bad_alloc&) {
  return nullptr;
} catch (const std::system_error&) {
  return nullptr;
}

void strata_encoder_destroy(strata_encoder* encoder) { delete encoder; }

strata_status strata_encode(strata_encoder* encoder, const void* pixels, size_t stride_bytes,
                            uint32_t width, uint32_t height, void* out, size_t capacity,
                            size_t* size) try {
  if (encoder == nullptr || out == nullptr || size == nullptr) return STRATA_BAD_ARGUMENT;
  const strata_status status = check_image(pixels, stride_bytes, width, height);
  if (status != STRATA_OK) return status;
  if (capacity < strata_max_bytes(width, height)) return STRATA_BUFFER_TOO_SMALL;
  return encode(*encoder, {static_cast<const uint8_t*>(pixels), stride_bytes, width, height},
                static_cast<uint8_t*>(out), capacity, *size);
} catch (const std::bad_alloc&) {
  return STRATA_OUT_OF_MEMORY;
}

strata_status strata_read_info(const void* data, size_t size, strata_info* info) {
  if ((data == nullptr && size != 0) || info == nullptr) return STRATA_BAD_ARGUMENT;
  const auto* bytes = static_cast<const uint8_t*>(data);
  FrameHeader header;
  const strata_status status = read_header(bytes, size, header);
  if (status != STRATA_OK) return status;
  uint32_t codes = 0;
  if ((header.flags & kFlagRankTable) != 0) {
    ByteCursor in{bytes + kFixedHeaderBytes, bytes + size};
    codes = in.varint();
    if (!in.ok) return STRATA_TRUNCATED;
  }
  *info = {header.width,      header.height, static_cast<strata_profile>(header.profile),
           header.near_limit, header.bands,  codes,
           header.frame_bytes};
  return STRATA_OK;
}

strata_decoder* strata_decoder_create(uint32_t threads) try {
  return new strata_decoder{current_target(), Workers(std::max(threads, 1U)), {}, {}, {}, 0, {}};
} catch (const std::bad_alloc&) {
  return nullptr;
} catch (const std::system_error&) {
  return nullptr;
}

void strata_decoder_destroy(strata_decoder* decoder) { delete decoder; }

strata_status strata_decode(strata_decoder* decoder, const void* data, size_t size, void* pixels,
                            size_t stride_bytes, uint32_t width, uint32_t height) try {
  if (decoder == nullptr || (data == nullptr && size != 0)) return STRATA_BAD_ARGUMENT;
  const strata_status status = check_image(pixels, stride_bytes, width, height);
  if (status != STRATA_OK) return status;
  return decode(*decoder, static_cast<const uint8_t*>(data), size, static_cast<uint8_t*>(pixels),
                stride_bytes, width, height);
} catch (const std::bad_alloc&) {
  return STRATA_OUT_OF_MEMORY;
}

const char* strata_target(void) { return current_target().name; }

const char* const* strata_targets(size_t* count) {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> list;
    for (const Target& target : available_targets()) list.push_back(target.name);
    return list;
  }();
  if (count != nullptr) *count = names.size();
  return names.data();
}

int strata_force_target(const char* name) { return name != nullptr && force_target(name) ? 1 : 0; }
