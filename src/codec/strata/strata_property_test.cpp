// Arbitrary images, as RapidCheck thinks them up.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include <lenswire/strata.hpp>

namespace lenswire {
namespace {

struct Shape {
  std::uint32_t width;
  std::uint32_t height;
};

Shape any_shape() { return {*rc::gen::inRange(1U, 140U), *rc::gen::inRange(1U, 40U)}; }

/// Runs of equal steps with noise, jumps and holes: each of which some branch of the codec is for.
std::vector<std::uint16_t> any_pixels(std::size_t count) {
  const auto step = *rc::gen::inRange(1, 400);
  const auto noise = *rc::gen::element(1, 2, 3, 20, 300, 20000);
  const auto hole = *rc::gen::element(2, 3, 10, 100, 100000);
  auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto next = [&] {
    seed = seed * 1664525U + 1013904223U;
    return static_cast<int>(seed >> 12);
  };
  std::vector<std::uint16_t> pixels(count);
  int value = next();
  for (auto& p : pixels) {
    if (next() % 50 == 0) value = next();
    value += next() % noise;
    p = next() % hole == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(value / step * step);
  }
  return pixels;
}

RC_GTEST_PROP(StrataProperty, ExactIsExactOnEveryTarget, ()) {
  const Shape shape = any_shape();
  const auto pixels = any_pixels(std::size_t{shape.width} * shape.height);
  const strata_options options{*rc::gen::element(STRATA_DEFAULT, STRATA_FAST), 0, STRATA_NEAR_CODES,
                               1};
  std::size_t targets = 0;
  const char* const* names = strata_targets(&targets);
  std::vector<std::byte> first;
  for (std::size_t i = 0; i < targets; ++i) {
    RC_ASSERT(strata_force_target(names[i]) == 1);
    std::vector<std::byte> data;
    RC_ASSERT(StrataEncoder(options).encode(pixels.data(), shape.width * 2, shape.width,
                                            shape.height, data) == STRATA_OK);
    if (i == 0) first = data;
    RC_ASSERT(data == first);
    std::vector<std::uint16_t> back(pixels.size());
    RC_ASSERT(StrataDecoder().decode(data, back.data(), shape.width * 2, shape.width,
                                     shape.height) == STRATA_OK);
    RC_ASSERT(back == pixels);
  }
  strata_force_target(names[0]);
}

RC_GTEST_PROP(StrataProperty, NearKeepsHolesAndLimit, ()) {
  const Shape shape = any_shape();
  const auto pixels = any_pixels(std::size_t{shape.width} * shape.height);
  const auto limit = *rc::gen::inRange(1U, 256U);
  std::vector<std::byte> data;
  StrataEncoder encoder({STRATA_DEFAULT, limit, STRATA_NEAR_RAW, 1});
  RC_ASSERT(encoder.encode(pixels.data(), shape.width * 2, shape.width, shape.height, data) ==
            STRATA_OK);
  std::vector<std::uint16_t> back(pixels.size());
  RC_ASSERT(StrataDecoder().decode(data, back.data(), shape.width * 2, shape.width, shape.height) ==
            STRATA_OK);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    RC_ASSERT((back[i] == 0) == (pixels[i] == 0));
    const int error = int{back[i]} - int{pixels[i]};
    RC_ASSERT(error <= static_cast<int>(limit) && -error <= static_cast<int>(limit));
  }
}

RC_GTEST_PROP(StrataProperty, DamageIsAnErrorOrHarmless, ()) {
  const Shape shape = any_shape();
  const auto pixels = any_pixels(std::size_t{shape.width} * shape.height);
  std::vector<std::byte> data;
  RC_ASSERT(StrataEncoder().encode(pixels.data(), shape.width * 2, shape.width, shape.height,
                                   data) == STRATA_OK);
  const auto damage =
      *rc::gen::container<std::vector<std::pair<std::size_t, std::uint8_t>>>(rc::gen::pair(
          rc::gen::inRange(std::size_t{0}, data.size()), rc::gen::arbitrary<std::uint8_t>()));
  for (const auto& [at, value] : damage) data[at] = std::byte{value};
  std::vector<std::uint16_t> back(pixels.size());
  if (StrataDecoder().decode(data, back.data(), shape.width * 2, shape.width, shape.height) ==
      STRATA_OK)
    RC_ASSERT(back == pixels);
}

}  // namespace
}  // namespace lenswire
