#include "wire/pickle/nd_array.hpp"

#include <cstring>

namespace lenswire::wire::pickle {
namespace {

template <typename T>
double item(std::span<const std::byte> data, std::size_t index) noexcept {
  T value;
  std::memcpy(&value, data.data() + index * sizeof value, sizeof value);
  return static_cast<double>(value);
}

}  // namespace

double NdArray::number(std::size_t index) const noexcept {
  switch (dtype) {
    case DType::UInt8:
      return item<std::uint8_t>(data, index);
    case DType::UInt16:
      return item<std::uint16_t>(data, index);
    case DType::Int32:
      return item<std::int32_t>(data, index);
    case DType::Int64:
      return item<std::int64_t>(data, index);
    case DType::Float32:
      return item<float>(data, index);
    case DType::Float64:
      return item<double>(data, index);
  }
  return 0;
}

}  // namespace lenswire::wire::pickle
