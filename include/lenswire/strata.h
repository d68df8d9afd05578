/* strata.h - Strata, an exact codec for 16-bit depth images. Usable from C and alone. */
#ifndef LENSWIRE_STRATA_H
#define LENSWIRE_STRATA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum strata_status {
  STRATA_OK = 0,
  STRATA_BAD_ARGUMENT = 1,     /* a null pointer, a size of 0, a stride shorter than a row */
  STRATA_BUFFER_TOO_SMALL = 2, /* the output is smaller than strata_max_bytes() */
  STRATA_TRUNCATED = 3,        /* the data end too early */
  STRATA_CORRUPT = 4,          /* the data can't have come from an encoder */
  STRATA_UNSUPPORTED = 5,      /* not Strata, or a newer version */
  STRATA_CHECKSUM = 6,         /* decoded, but the pixels are not those that were encoded */
  STRATA_TOO_LARGE = 7,        /* more pixels than the decoder was told to accept */
  STRATA_SIZE_MISMATCH = 8,    /* the image has another width or height than the output */
  STRATA_OUT_OF_MEMORY = 9
} strata_status;

/* A constant English phrase. */
const char* strata_status_text(strata_status status);

typedef enum strata_profile {
  STRATA_DEFAULT = 0,
  STRATA_FAST = 1, /* two fifths larger, and half as fast again both ways */
  STRATA_DENSE = 2 /* a twentieth smaller, and a fifth slower to encode */
} strata_profile;

/* How strata_options.near_limit counts. */
typedef enum strata_near_unit {
  STRATA_NEAR_CODES = 0, /* steps between the values that occur in this very image */
  STRATA_NEAR_RAW = 1    /* raw steps, that is differences of the 16-bit numbers */
} strata_near_unit;

typedef struct strata_options {
  strata_profile profile;
  /* 0 = exact. Else each valid pixel may be off by up to this much (0..255); 0 stays 0 and
     nothing else becomes 0. */
  uint32_t near_limit;
  strata_near_unit near_unit;
  /* Threads that work on one image, the caller's included; 0 and 1 mean the caller alone. The
     bytes do not depend on it. */
  uint32_t threads;
} strata_options;

/* Zero-initialised options are valid: DEFAULT, exact, one thread. */

/* The most pixels that any function here accepts. */
#define STRATA_MAX_PIXELS ((size_t)1 << 27)

/* What an image costs at the worst: the raw bytes, 1 percent and 64 bytes. */
size_t strata_max_bytes(uint32_t width, uint32_t height);

/* Encoder: keeps its memory from image to image, so that after the first image of a size nothing
   is allocated. One thread at a time may use one object. */
typedef struct strata_encoder strata_encoder;

/* Null when out of memory. `options` may be null. */
strata_encoder* strata_encoder_create(const strata_options* options);
void strata_encoder_destroy(strata_encoder* encoder);

/* Compresses height rows of width little-endian uint16_t, stride_bytes apart. 0 means "no
   measurement". The bytes are the same on every machine, but may depend on the images that this
   encoder had before; each can be decoded without those. `out` has room for
   strata_max_bytes(); *size receives what was used. */
strata_status strata_encode(strata_encoder* encoder, const void* pixels, size_t stride_bytes,
                            uint32_t width, uint32_t height, void* out, size_t capacity,
                            size_t* size);

typedef struct strata_info {
  uint32_t width;
  uint32_t height;
  strata_profile profile;
  uint32_t near_limit; /* 0 = exact */
  uint32_t bands;      /* groups of rows that can be decoded apart */
  uint32_t rank_codes; /* distinct values in the rank table; 0 = no table */
  size_t frame_bytes;  /* of the whole compressed image */
} strata_info;

/* Reads the header alone; `size` may be less than the whole image. */
strata_status strata_read_info(const void* data, size_t size, strata_info* info);

/* Decoder: as the encoder. */
typedef struct strata_decoder strata_decoder;

/* Null when out of memory. `threads` as in strata_options. */
strata_decoder* strata_decoder_create(uint32_t threads);
void strata_decoder_destroy(strata_decoder* decoder);

/* Restores an image into height rows of width uint16_t, stride_bytes apart, and compares the
   checksums. Safe on hostile input: never touches memory outside `data` and the rows, never
   allocates more than width and height as given here call for. After an error the pixels are
   undefined. */
strata_status strata_decode(strata_decoder* decoder, const void* data, size_t size, void* pixels,
                            size_t stride_bytes, uint32_t width, uint32_t height);

/* The SIMD target in use: "avx3_dl", "avx2", "ssse3", "neon", ... or "scalar". The environment
   variable LENSWIRE_STRATA_TARGET chooses one by name when the first object is made; a name that
   this machine can't run is ignored. */
const char* strata_target(void);

/* Every target that this machine can run, best first, "scalar" last; *count receives how many. */
const char* const* strata_targets(size_t* count);

/* Chooses a target for objects made from now on. Returns 0 when there is none of that name. For
   tests and benchmarks. */
int strata_force_target(const char* name);

#ifdef __cplusplus
}
#endif
#endif
