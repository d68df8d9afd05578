// decode_core.hpp - reads a Strata frame: header, rank table, bands. Freestanding.
#pragma once

#include "decode_kernels.hpp"
#include "huffman_decode.hpp"
#include "lenswire/strata.h"

namespace lenswire::strata {

/// The start of a frame, checked.
struct FrameHeader {
  uint32_t width;
  uint32_t height;
  uint32_t band_rows;
  uint32_t bands;
  uint32_t frame_bytes;
  uint8_t flags;
  uint8_t near_limit;
  uint8_t profile;
};

/// Reads the fixed part. Does not demand that all of `frame_bytes` is there.
[[nodiscard]] strata_status read_header(const uint8_t* data, size_t size,
                                        FrameHeader& header) noexcept;

/// Codes by rank. Ranks beyond `count` give 0, which no valid pixel has.
struct RankTable {
  uint16_t code[65536 + kTablePadding];
  uint32_t count;  ///< entries that may be other than 0
};

/// Reads the table at the cursor; `table` keeps its zeros beyond `count` from call to call.
[[nodiscard]] bool read_rank_table(ByteCursor& in, RankTable& table) noexcept;

/// Memory for one band of a certain size, carved from one block.
struct BandWorkspace {
  uint32_t* mask;
  uint8_t* mask_flags;
  uint8_t* mask_bytes;
  uint8_t* modes;
  uint8_t* widths;
  uint8_t* pairs;
  uint8_t* lows;
  int16_t* residuals;
  uint16_t* rows;  ///< two rows with padding
  uint16_t* pixel_row;
  HuffmanTable* huffman;
};

/// Bytes that bind_workspace() needs for bands up to this size, including alignment.
[[nodiscard]] size_t workspace_bytes(uint32_t width, uint32_t rows) noexcept;
void bind_workspace(BandWorkspace& workspace, uint8_t* memory, uint32_t width,
                    uint32_t rows) noexcept;

struct BandJob {
  const uint8_t* data;
  size_t size;
  uint32_t width;
  uint32_t first_row;
  uint32_t rows;
  uint32_t near_limit;
  const uint16_t* table;  ///< by rank, 65536 entries; null without
  uint8_t* pixels;        ///< the band's first row
  size_t stride_bytes;
};

[[nodiscard]] strata_status decode_band(const BandJob& job, BandWorkspace& workspace,
                                        const DecodeKernels& kernels) noexcept;

/// Where band `index` lies: reads the directory at `directory`.
struct FrameLayout {
  FrameHeader header;
  const uint8_t* directory;  ///< header.bands sizes of 4 bytes
  const uint8_t* first_band;
};

/// Reads everything up to the first band, and checks that the bands fill the frame exactly.
[[nodiscard]] strata_status read_layout(const uint8_t* data, size_t size, RankTable& table,
                                        FrameLayout& layout) noexcept;

}  // namespace lenswire::strata
