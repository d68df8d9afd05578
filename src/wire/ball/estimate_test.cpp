#include "wire/ball/estimate.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "wire/pickle/encode.hpp"

namespace lenswire::wire::ball {
namespace {

template <typename T>
std::vector<std::byte> pickled(pickle::DType dtype, const std::vector<T>& values,
                               pickle::Shape shape) {
  std::vector<std::byte> out;
  pickle::encode({dtype, shape, std::as_bytes(std::span(values))}, pickle::Dialect::Universal, out);
  return out;
}

// What the original client sent in the recording: f4, 366.0, 170.0, protocol 4.
std::vector<std::byte> recorded_estimate() {
  const std::string_view text(
      "\x80\x04\x95\x90\x00\x00\x00\x00\x00\x00\x00\x8c\x15numpy.core.multiarray\x94\x8c\x0c_"
      "reconstruct\x94\x93\x94\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94"
      "C\x01"
      "b\x94\x87\x94R\x94(K\x01K\x02\x85\x94h\x03\x8c\x05"
      "dtype\x94\x93\x94\x8c\x02"
      "f4\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
      "\x94"
      "b\x89"
      "C\x08\x00\x00\xb7"
      "C\x00\x00*C\x94t\x94"
      "b.",
      155);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST(BallEstimate, ReadsWhatTheOriginalClientSends) {
  EXPECT_EQ(decode_estimate(recorded_estimate()).value(), (Estimate{366, 170}));
}

TEST(BallEstimate, ReadsWhatItWrites) {
  std::vector<std::byte> bytes;
  encode_estimate({12.25, -3.5}, bytes);
  EXPECT_EQ(decode_estimate(bytes).value(), (Estimate{12.25, -3.5}));
}

TEST(BallEstimate, TakesTheTypesOfRewrittenClients) {
  EXPECT_EQ(decode_estimate(pickled<double>(pickle::DType::Float64, {1.5, 2}, {1, {2, 1, 1}})),
            (Estimate{1.5, 2}));
  EXPECT_EQ(decode_estimate(pickled<std::int64_t>(pickle::DType::Int64, {-7, 9}, {2, {1, 2, 1}})),
            (Estimate{-7, 9}));
  EXPECT_EQ(decode_estimate(pickled<std::int32_t>(pickle::DType::Int32, {3, 4}, {2, {2, 1, 1}})),
            (Estimate{3, 4}));
}

TEST(BallEstimate, RefusesOtherShapesTypesAndNumbers) {
  using pickle::DType;
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(decode_estimate(pickled<double>(DType::Float64, {nan, 1}, {1, {2, 1, 1}})));
  EXPECT_FALSE(decode_estimate(pickled<float>(DType::Float32, {1, infinity}, {1, {2, 1, 1}})));
  EXPECT_FALSE(decode_estimate(pickled<float>(DType::Float32, {1}, {1, {1, 1, 1}})));
  EXPECT_FALSE(decode_estimate(pickled<float>(DType::Float32, {1, 2, 3}, {1, {3, 1, 1}})));
  EXPECT_FALSE(decode_estimate(pickled<float>(DType::Float32, {}, {1, {0, 1, 1}})));
  EXPECT_FALSE(decode_estimate(pickled<std::uint8_t>(DType::UInt8, {1, 2}, {1, {2, 1, 1}})));
  const std::vector<float> many(4096);
  EXPECT_FALSE(decode_estimate(pickled<float>(DType::Float32, many, {1, {4096, 1, 1}})));
  EXPECT_FALSE(decode_estimate({}));
}

}  // namespace lenswire::wire::ball
