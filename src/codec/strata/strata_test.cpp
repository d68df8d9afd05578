#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <lenswire/strata.hpp>

namespace lenswire {
namespace {

struct Picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint16_t> pixels;
};

Picture make(std::uint32_t width, std::uint32_t height,
             const std::function<std::uint32_t(std::uint32_t, std::uint32_t)>& pixel) {
  Picture p{width, height, {}};
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x)
      p.pixels.push_back(static_cast<std::uint16_t>(pixel(x, y)));
  return p;
}

/// Slanted planes with quantised depth, noise and holes, as a stereo camera gives them.
Picture room(std::uint32_t width, std::uint32_t height, unsigned seed) {
  std::mt19937 random(seed);
  return make(width, height, [&](std::uint32_t x, std::uint32_t y) -> std::uint32_t {
    if ((x / 13 + y / 7) % 11 == 0 || random() % 97 == 0) return 0;
    const std::uint32_t disparity = 300 + (x + 2 * y) / 5 % 900 + random() % 2;
    return 600000 / disparity;
  });
}

/// What the codec must bear: every kind of content at awkward sizes.
std::vector<std::pair<std::string, Picture>> hard_pictures() {
  std::vector<std::pair<std::string, Picture>> list;
  std::mt19937 random(7);
  const auto noise = [&](std::uint32_t, std::uint32_t) { return random() & 0xFFFF; };
  for (const auto& [w, h] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1, 1},
                                                                                 {1, 200},
                                                                                 {200, 1},
                                                                                 {31, 33},
                                                                                 {32, 32},
                                                                                 {33, 31},
                                                                                 {63, 5},
                                                                                 {65, 64},
                                                                                 {640, 100},
                                                                                 {65535, 1},
                                                                                 {1, 65535}}) {
    const std::string size = std::to_string(w) + "x" + std::to_string(h);
    list.emplace_back("noise " + size, make(w, h, noise));
    list.emplace_back("room " + size, room(w, h, w * h));
    list.emplace_back("empty " + size, make(w, h, [](auto, auto) { return 0U; }));
    list.emplace_back("one code " + size, make(w, h, [](auto, auto) { return 1234U; }));
    list.emplace_back("checkerboard " + size,
                      make(w, h, [](auto x, auto y) { return (x + y) % 2 * 65535; }));
    list.emplace_back("65535-heavy " + size, make(w, h, [&](auto, auto) {
                        return random() % 8 == 0 ? random() % 3000 : 65535U;
                      }));
    list.emplace_back("low noise " + size,
                      make(w, h, [&](auto x, auto) { return 500 + x % 500 + random() % 64; }));
    list.emplace_back("dense noise " + size,
                      make(w, h, [&](auto, auto) { return 1 + random() % 4000; }));
  }
  return list;
}

std::vector<std::byte> encoded(const Picture& p, const strata_options& options = {}) {
  StrataEncoder encoder(options);
  std::vector<std::byte> data;
  EXPECT_EQ(encoder.encode(p.pixels.data(), p.width * 2, p.width, p.height, data), STRATA_OK);
  return data;
}

std::vector<std::uint16_t> decoded(const Picture& p, const std::vector<std::byte>& data,
                                   std::uint32_t threads = 1) {
  StrataDecoder decoder(threads);
  std::vector<std::uint16_t> pixels(p.pixels.size());
  EXPECT_EQ(decoder.decode(data, pixels.data(), p.width * 2, p.width, p.height), STRATA_OK);
  return pixels;
}

/// Every target for the life of an object, the best one afterwards.
class EachTarget {
 public:
  EachTarget() { names_ = strata_targets(&count_); }
  ~EachTarget() { strata_force_target(names_[0]); }
  void run(const std::function<void(const char*)>& body) const {
    for (std::size_t i = 0; i < count_; ++i) {
      ASSERT_EQ(strata_force_target(names_[i]), 1);
      body(names_[i]);
    }
  }

 private:
  const char* const* names_;
  std::size_t count_ = 0;
};

#if LENSWIRE_STRATA_WANTS_SIMD
TEST(Strata, TheBestTargetIsASimdOne) {
  std::size_t count = 0;
  const char* const* names = strata_targets(&count);
  ASSERT_GE(count, 2U);
  EXPECT_STREQ(names[count - 1], "scalar");
#ifdef __aarch64__
  EXPECT_STREQ(names[0], "neon");
#endif
}
#endif

TEST(Strata, EveryPictureComesBackExactlyFromEveryTarget) {
  const EachTarget targets;
  for (const auto& entry : hard_pictures()) {
    const Picture& picture = entry.second;
    for (const strata_profile profile : {STRATA_DEFAULT, STRATA_FAST, STRATA_DENSE}) {
      SCOPED_TRACE(entry.first + " profile " + std::to_string(profile));
      std::vector<std::byte> first;
      targets.run([&](const char* target) {
        SCOPED_TRACE(target);
        const std::vector<std::byte> data = encoded(picture, {profile, 0, STRATA_NEAR_CODES, 1});
        if (first.empty()) first = data;
        ASSERT_EQ(data, first) << "targets differ";
        ASSERT_EQ(decoded(picture, data), picture.pixels);
      });
    }
  }
}

TEST(Strata, OutputIsNeverMuchLargerThanTheInput) {
  for (const auto& [name, picture] : hard_pictures()) {
    const std::size_t raw = picture.pixels.size() * 2;
    for (const strata_profile profile : {STRATA_DEFAULT, STRATA_FAST, STRATA_DENSE})
      for (const std::uint32_t near : {0U, 1U})
        EXPECT_LE(encoded(picture, {profile, near, STRATA_NEAR_CODES, 1}).size(),
                  raw + raw / 100 + 64)
            << name;
  }
}

TEST(Strata, EmptyAndConstantPicturesTakeLittle) {
  EXPECT_LT(encoded(make(640, 480, [](auto, auto) { return 0U; })).size(), 100U);
  EXPECT_LT(encoded(make(640, 480, [](auto, auto) { return 5U; })).size(), 640U * 480 * 2 / 30);
}

TEST(Strata, NearCodesStaysWithinItsLimitAndKeepsHoles) {
  for (const std::uint32_t limit : {1U, 3U, 200U}) {
    for (const auto& [name, picture] : hard_pictures()) {
      SCOPED_TRACE(name);
      std::vector<std::uint16_t> codes = picture.pixels;
      std::sort(codes.begin(), codes.end());
      codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
      const auto rank = [&](std::uint16_t code) {
        return std::lower_bound(codes.begin(), codes.end(), code) - codes.begin();
      };
      const auto back =
          decoded(picture, encoded(picture, {STRATA_DEFAULT, limit, STRATA_NEAR_CODES, 1}));
      for (std::size_t i = 0; i < back.size(); ++i) {
        ASSERT_EQ(back[i] == 0, picture.pixels[i] == 0);
        if (back[i] == 0) continue;
        ASSERT_LE(std::abs(rank(back[i]) - rank(picture.pixels[i])), limit);
      }
    }
  }
}

TEST(Strata, NearRawStaysWithinItsLimit) {
  const auto limit = 2;
  for (const auto& [name, picture] : hard_pictures()) {
    SCOPED_TRACE(name);
    const auto back =
        decoded(picture, encoded(picture, {STRATA_DEFAULT, limit, STRATA_NEAR_RAW, 1}));
    for (std::size_t i = 0; i < back.size(); ++i) {
      ASSERT_EQ(back[i] == 0, picture.pixels[i] == 0);
      ASSERT_LE(std::abs(int{back[i]} - int{picture.pixels[i]}), limit);
    }
  }
}

TEST(Strata, NearIsSmallerThanExact) {
  const Picture picture = room(640, 480, 3);
  EXPECT_LT(encoded(picture, {STRATA_DEFAULT, 1, STRATA_NEAR_CODES, 1}).size(),
            encoded(picture).size() * 9 / 10);
}

TEST(Strata, ThreadsChangeNothing) {
  const Picture picture = room(1280, 1024, 4);
  const auto data = encoded(picture);
  EXPECT_EQ(encoded(picture, {STRATA_DEFAULT, 0, STRATA_NEAR_CODES, 3}), data);
  EXPECT_EQ(decoded(picture, data, 3), picture.pixels);
}

/// A camera's day: scenes that are alike, with codes that come and go, and others in between.
std::vector<Picture> day() {
  std::vector<Picture> pictures;
  for (std::uint32_t t = 0; t < 40; ++t) pictures.push_back(room(320, 240, t));
  for (const auto& [name, picture] : hard_pictures()) pictures.push_back(picture);
  for (std::uint32_t t = 0; t < 40; ++t)
    pictures.push_back(make(640, 200, [&](auto x, auto y) {
      const auto disparity = 300 + x / 7 + (t % 10 < 5 ? 0 : 400) + y * t / 40;
      return (x + y * 3 + t) % 50 == 0 ? 0 : 700000 / disparity;
    }));
  return pictures;
}

TEST(Strata, AnEncoderWithAHistoryIsAsExactAndTheSameOnEveryTarget) {
  const EachTarget targets;
  const std::vector<Picture> pictures = day();
  for (const strata_profile profile : {STRATA_DEFAULT, STRATA_FAST}) {
    std::vector<std::vector<std::byte>> first;
    targets.run([&](const char* target) {
      SCOPED_TRACE(target);
      StrataEncoder encoder({profile, 0, STRATA_NEAR_CODES, 1});
      for (std::size_t i = 0; i < pictures.size(); ++i) {
        const Picture& p = pictures[i];
        std::vector<std::byte> data;
        ASSERT_EQ(encoder.encode(p.pixels.data(), p.width * 2, p.width, p.height, data), STRATA_OK);
        // Decoded by one that has seen none of the others.
        ASSERT_EQ(decoded(p, data), p.pixels) << i;
        if (first.size() == i)
          first.push_back(data);
        else
          ASSERT_EQ(data, first[i]) << i;
      }
    });
  }
}

TEST(Strata, HistoryMakesSimilarImagesNoLarger) {
  StrataEncoder encoder;
  std::vector<std::byte> data;
  std::size_t with = 0;
  std::size_t without = 0;
  for (std::uint32_t t = 0; t < 30; ++t) {
    const Picture p = room(640, 480, t);
    ASSERT_EQ(encoder.encode(p.pixels.data(), p.width * 2, p.width, p.height, data), STRATA_OK);
    with += data.size();
    without += encoded(p).size();
  }
  EXPECT_LT(with, without * 103 / 100);
}

TEST(Strata, OddStridesAndAddressesWorkAndPaddingIsLeftAlone) {
  const Picture picture = room(77, 40, 5);
  const std::size_t stride = 77 * 2 + 11;
  std::vector<std::byte> memory(1 + stride * 40, std::byte{0xA5});
  for (std::size_t y = 0; y < 40; ++y)
    std::copy_n(reinterpret_cast<const std::byte*>(&picture.pixels[y * 77]), 154,
                &memory[1 + y * stride]);
  StrataEncoder encoder;
  std::vector<std::byte> data;
  ASSERT_EQ(encoder.encode(&memory[1], stride, 77, 40, data), STRATA_OK);
  EXPECT_EQ(data, encoded(picture));
  std::vector<std::byte> back(memory.size(), std::byte{0xA5});
  StrataDecoder decoder;
  ASSERT_EQ(decoder.decode(data, &back[1], stride, 77, 40), STRATA_OK);
  EXPECT_EQ(back, memory);
}

TEST(Strata, EveryTruncationIsRefused) {
  const Picture picture = room(90, 70, 6);
  const auto data = encoded(picture);
  StrataDecoder decoder;
  std::vector<std::uint16_t> pixels(picture.pixels.size());
  for (std::size_t size = 0; size < data.size(); ++size) {
    const std::vector<std::byte> part(data.begin(),
                                      data.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(decoder.decode(part, pixels.data(), 180, 90, 70), STRATA_TRUNCATED) << size;
  }
}

TEST(Strata, NoFlippedBitGoesUnnoticed) {
  const Picture picture = room(64, 48, 8);
  auto data = encoded(picture);
  StrataDecoder decoder;
  std::vector<std::uint16_t> pixels(picture.pixels.size());
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    data[bit / 8] ^= std::byte{1} << bit % 8;
    const strata_status status = decoder.decode(data, pixels.data(), 128, 64, 48);
    // The profile is a remark for the reader: it changes no pixel.
    EXPECT_TRUE(status != STRATA_OK || pixels == picture.pixels) << bit;
    data[bit / 8] ^= std::byte{1} << bit % 8;
  }
}

TEST(Strata, DamagedPixelsFailTheChecksum) {
  // A raw band holds the pixels as they are: a flipped bit there can only be seen by the checksum.
  std::mt19937 random(9);
  const Picture picture = make(64, 64, [&](auto, auto) { return random() & 0xFFFF; });
  auto data = encoded(picture);
  data[data.size() / 2] ^= std::byte{4};
  StrataDecoder decoder;
  std::vector<std::uint16_t> pixels(picture.pixels.size());
  EXPECT_EQ(decoder.decode(data, pixels.data(), 128, 64, 64), STRATA_CHECKSUM);
}

TEST(Strata, BadArgumentsAreNamed) {
  StrataEncoder encoder;
  std::vector<std::byte> data;
  const std::uint16_t pixel = 1;
  EXPECT_EQ(encoder.encode(nullptr, 2, 1, 1, data), STRATA_BAD_ARGUMENT);
  EXPECT_EQ(encoder.encode(&pixel, 2, 0, 1, data), STRATA_BAD_ARGUMENT);
  EXPECT_EQ(encoder.encode(&pixel, 1, 1, 1, data), STRATA_BAD_ARGUMENT);
  ASSERT_EQ(encoder.encode(&pixel, 2, 1, 1, data), STRATA_OK);
  StrataDecoder decoder;
  std::uint16_t back[2] = {};
  EXPECT_EQ(decoder.decode(data, back, 4, 2, 1), STRATA_SIZE_MISMATCH);
  auto other = data;
  other[0] = std::byte{'X'};
  EXPECT_EQ(decoder.decode(other, back, 2, 1, 1), STRATA_UNSUPPORTED);
  other = data;
  other[4] = std::byte{2};
  EXPECT_EQ(decoder.decode(other, back, 2, 1, 1), STRATA_UNSUPPORTED);
}

TEST(Strata, InfoTellsSizeAndProfile) {
  const Picture picture = room(320, 240, 10);
  const auto data = encoded(picture, {STRATA_FAST, 2, STRATA_NEAR_CODES, 1});
  strata_info info{};
  ASSERT_EQ(strata_read_info(data.data(), 40, &info), STRATA_OK);
  EXPECT_EQ(info.width, 320U);
  EXPECT_EQ(info.height, 240U);
  EXPECT_EQ(info.profile, STRATA_FAST);
  EXPECT_EQ(info.near_limit, 2U);
  EXPECT_EQ(info.bands, 1U);
  EXPECT_GT(info.rank_codes, 10U);
  EXPECT_EQ(info.frame_bytes, data.size());
}

}  // namespace
}  // namespace lenswire
