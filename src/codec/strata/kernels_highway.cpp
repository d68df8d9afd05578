#include "kernels_highway.hpp"

#define LENSWIRE_STRATA_ENCODER

#if defined(__aarch64__)
// NEON is always there, so nothing is chosen at run time and Highway's library is not needed. Its
// choice would also ask for AES instructions, which a Raspberry Pi 4 lacks and no kernel uses.
#define HWY_COMPILE_ONLY_STATIC
#define TOOLCHAIN_MISS_SYS_AUXV_H
#endif
// Fixed sizes of 8 and 16 lanes suit the data; scalable vectors would only cost.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels_highway.cpp"
#include <hwy/foreach_target.h>
// (this order is what foreach_target needs)
#include <hwy/highway.h>

#include "bit_streams-inl.hpp"
#include "decode_kernels-inl.hpp"
#include "encode_kernels-inl.hpp"
// (need those before them)
#include "avx512_decode-inl.hpp"
#include "avx512_encode-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
Target target(const char* name) {
#if HWY_TARGET == HWY_AVX3_DL
  static const DecodeKernels decode = {
      name,     native::expand_mask, native::unpack, native::unpack_groups, native::restore_row,
      hash_row, read_streams,        count_mask};
  static const EncodeKernels encode = {
      mark_pixels,      native::map_row, native::predict_row,  count_large,
      native::quantise, native::pack,    native::compact_mask, native::write_streams};
#else
  static const DecodeKernels decode = {name,        expand_mask, unpack,       unpack_groups,
                                       restore_row, hash_row,    read_streams, count_mask};
  static const EncodeKernels encode = {mark_pixels, map_row, predict_row,  count_large,
                                       quantise,    pack,    compact_mask, write_streams};
#endif
  return {name, &decode, &encode};
}
#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lenswire::strata {

void append_highway_targets(std::vector<Target>& targets) {
#if defined(__aarch64__)
  targets.push_back(HWY_NAMESPACE::target("neon"));
#else
  const int64_t supported = hwy::SupportedTargets();
  // The lower the bit, the better the target.
#if HWY_TARGETS & HWY_AVX3_DL
  if ((supported & HWY_AVX3_DL) != 0) targets.push_back(N_AVX3_DL::target("avx3_dl"));
#endif
#if HWY_TARGETS & HWY_AVX3
  if ((supported & HWY_AVX3) != 0) targets.push_back(N_AVX3::target("avx3"));
#endif
#if HWY_TARGETS & HWY_AVX2
  if ((supported & HWY_AVX2) != 0) targets.push_back(N_AVX2::target("avx2"));
#endif
#if HWY_TARGETS & HWY_SSE4
  if ((supported & HWY_SSE4) != 0) targets.push_back(N_SSE4::target("sse4"));
#endif
#if HWY_TARGETS & HWY_SSSE3
  if ((supported & HWY_SSSE3) != 0) targets.push_back(N_SSSE3::target("ssse3"));
#endif
#if HWY_TARGETS & HWY_NEON
  if ((supported & HWY_NEON) != 0) targets.push_back(N_NEON::target("neon"));
#endif
#endif
}

}  // namespace lenswire::strata
#endif
