#include "wire/ball/estimate.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "wire/pickle/decode.hpp"
#include "wire/pickle/encode.hpp"

namespace lenswire::wire::ball {
namespace {

constexpr std::size_t kItems = 2;

}  // namespace

Result<Estimate> decode_estimate(std::span<const std::byte> message) {
  if (message.size() > kMaxEstimateBytes)
    return fail(ErrorCode::InvalidArgument, "an estimate of more than 1 KiB");
  const auto array = pickle::decode(message, kMaxEstimateBytes);
  if (!array) return fail(array.error());
  if (array->shape.items() != kItems)
    return fail(ErrorCode::InvalidArgument, "an estimate of another shape than x and y");
  if (array->dtype == pickle::DType::UInt8 || array->dtype == pickle::DType::UInt16)
    return fail(ErrorCode::InvalidArgument, "an estimate of unsigned numbers");
  std::array<std::byte, kItems * sizeof(double)> items;
  const auto bytes = std::span(items).first(array->bytes());
  array->copy_to(bytes);
  const pickle::NdArray numbers{array->dtype, {1, {kItems, 1, 1}}, bytes};
  const Estimate estimate{numbers.number(0), numbers.number(1)};
  if (!std::isfinite(estimate.x_px) || !std::isfinite(estimate.y_px))
    return fail(ErrorCode::InvalidArgument, "an estimate that is no number");
  return estimate;
}

void encode_estimate(const Estimate& estimate, std::vector<std::byte>& out) {
  std::array<std::byte, kItems * sizeof(float)> items;
  const std::array<double, kItems> numbers = {estimate.x_px, estimate.y_px};
  for (std::size_t i = 0; i < kItems; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(numbers[i]));
    for (std::size_t byte = 0; byte < sizeof bits; ++byte)
      items[i * sizeof bits + byte] = static_cast<std::byte>(bits >> 8 * byte & 0xff);
  }
  out.clear();
  pickle::encode({pickle::DType::Float32, {1, {kItems, 1, 1}}, items}, pickle::Dialect::Python3,
                 out);
}

}  // namespace lenswire::wire::ball
