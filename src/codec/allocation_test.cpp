// Counts the program's calls of operator new, which is why it is a file of its own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <random>

#include "codec/codec.hpp"

namespace {
thread_local std::size_t allocations = 0;
}

// Not inlined: g++ would see free() meet new and warn.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace lenswire::codec {

TEST(CodecTable, NothingIsAllocatedAfterTheFirstFrames) {
  for (const auto& entry : codec_table()) {
    for (const auto format : {PixelFormat::Z16, PixelFormat::YUYV, PixelFormat::NV12,
                              PixelFormat::RGB8, PixelFormat::Y8}) {
      if (!entry.accepts(format)) continue;
      SCOPED_TRACE(std::string(entry.name) + ' ' + std::string(to_string(format)));
      frame::Image image;
      image.reshape(format, 160, 120);
      std::mt19937 random(1);
      for (auto& byte : image.data) byte = static_cast<std::byte>(random() & 0x3f);
      const auto encoder = entry.make_encoder(EncoderSettings{});
      const auto decoder = entry.make_decoder();
      const bool chooses = entry.id == CodecId::Jpeg;
      std::vector<std::byte> bytes;
      frame::Image back;
      std::size_t before = 0;
      for (int frame = 0; frame < 5; ++frame) {
        if (frame == 2) before = allocations;
        back.format = chooses ? PixelFormat::JPEG : format;
        back.width = 160;
        back.height = 120;
        const bool worked = encoder->encode(image.view(), bytes).has_value() &&
                            decoder->decode(bytes, back).has_value();
        if (!worked) ADD_FAILURE();
      }
      EXPECT_EQ(allocations, before);
    }
  }
}

}  // namespace lenswire::codec
