// What REDUCE and BUILD mean here: the two shapes of graph that numpy writes, and nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/pickle/latin1.hpp"
#include "wire/pickle/machine.hpp"

namespace lenswire::wire::pickle {
namespace {

using Kind = Value::Kind;

auto malformed(std::string_view what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("pickle: {}", what));
}

// A short name, as text (Python 3) or bytes (Python 2). Names have no need of escapes.
bool is_name(const Value& value, std::string_view name) noexcept {
  if (value.kind != Kind::Text && value.kind != Kind::Bytes) return false;
  return value.data.size() == name.size() &&
         std::equal(name.begin(), name.end(), value.data.begin(),
                    [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
}

bool is_number(const Value& value, std::int64_t number) noexcept {
  return value.kind == Kind::Integer && value.number == number;
}

bool is_truth(const Value& value) noexcept {
  return value.kind == Kind::Bool ||
         (value.kind == Kind::Integer && (value.number == 0 || value.number == 1));
}

}  // namespace

Result<void> Machine::reduce() {
  const auto arguments = pop();
  const auto callable = pop();
  if (!arguments || !callable || arguments->kind != Kind::Tuple || callable->kind != Kind::Global)
    return malformed("REDUCE without a known name and its arguments");
  const auto list = items(*arguments);
  switch (callable->global) {
    case Global::Reconstruct: {
      const bool good = list.size() == 3 && list[0].kind == Kind::Global &&
                        list[0].global == Global::NdArray && list[1].kind == Kind::Tuple &&
                        list[1].count == 1 && is_number(items(list[1])[0], 0) &&
                        list[2].kind == Kind::Bytes && is_name(list[2], "b");
      if (!good) return malformed("_reconstruct with other arguments than ndarray, (0,), b'b'");
      return begin_array();
    }
    case Global::DType:
      return reduce_dtype(list);
    case Global::Encode:
      return reduce_encode(list);
    case Global::Bytes: {
      if (!list.empty()) return malformed("bytes with arguments");
      Value empty;
      empty.kind = Kind::Bytes;
      return push(empty);
    }
    case Global::FromBuffer:
      return reduce_from_buffer(list);
    case Global::NdArray:
      break;
  }
  return malformed("ndarray is called, which numpy never does");
}

Result<void> Machine::reduce_encode(std::span<const Value> arguments) {
  // The encoding's name is text to Python 3, and bytes to Python 2 in our own universal dialect.
  if (arguments.size() != 2 || arguments[0].kind != Kind::Text || !is_name(arguments[1], "latin1"))
    return malformed("encode with other arguments than a text and 'latin1'");
  Value value = arguments[0];
  const auto length =
      value.form == DataForm::Utf8 ? utf8_latin1_length(value.data) : escaped_length(value.data);
  if (!length) return malformed("a text that is not latin1");
  value.kind = Kind::Bytes;
  value.number = static_cast<std::int64_t>(*length);
  return push(value);
}

Result<void> Machine::reduce_dtype(std::span<const Value> arguments) {
  if (arguments.size() != 3 || !is_truth(arguments[1]) || !is_truth(arguments[2]))
    return malformed("dtype with other arguments than numpy's");
  for (const auto dtype :
       {DType::UInt8, DType::UInt16, DType::Int32, DType::Int64, DType::Float32, DType::Float64}) {
    if (!is_name(arguments[0], to_string(dtype))) continue;
    Value value;
    value.kind = Kind::DType;
    value.dtype = dtype;
    return push(value);
  }
  return fail(ErrorCode::Unsupported, "pickle: an element type beside u1, u2, i4, i8, f4 and f8");
}

Result<void> Machine::reduce_from_buffer(std::span<const Value> arguments) {
  if (arguments.size() != 4) return malformed("_frombuffer with other arguments than numpy's");
  const bool column_major = is_name(arguments[3], "F");
  if (!column_major && !is_name(arguments[3], "C")) return malformed("an unknown order of items");
  if (auto begun = begin_array(); !begun) return begun;
  return set_array(arguments[2], arguments[1], column_major, arguments[0]);
}

Result<void> Machine::build() {
  const auto state = pop();
  if (!state || state->kind != Kind::Tuple || depth_ == 0)
    return malformed("BUILD without a tuple and what it is for");
  const auto list = items(*state);
  if (stack_[depth_ - 1].kind == Kind::DType) return build_dtype(list);
  if (stack_[depth_ - 1].kind != Kind::Array) return malformed("BUILD of what is no array");
  if (list.size() != 5 || !is_number(list[0], 1) || !is_truth(list[3]))
    return malformed("an array's state that is not numpy's");
  return set_array(list[1], list[2], list[3].number == 1, list[4]);
}

Result<void> Machine::build_dtype(std::span<const Value> state) {
  auto& dtype = stack_[depth_ - 1];
  const auto is_size = [](const Value& v) { return v.kind == Kind::Integer; };
  const auto is_none = [](const Value& v) { return v.kind == Kind::None; };
  const bool good = state.size() == 8 && is_number(state[0], 3) && is_none(state[2]) &&
                    is_none(state[3]) && is_none(state[4]) && is_size(state[5]) &&
                    is_size(state[6]) && is_size(state[7]);
  if (!good) return malformed("a dtype's state that is not numpy's");
  const bool single = item_bytes(dtype.dtype) == 1;
  dtype.big_endian = is_name(state[1], ">");
  if (!dtype.big_endian && !is_name(state[1], "<") && !(single && is_name(state[1], "|")))
    return malformed("an unknown byte order");
  dtype.complete = true;
  return {};
}

Result<void> Machine::begin_array() {
  if (std::exchange(array_begun_, true)) return malformed("a second array");
  return push(Kind::Array);
}

Result<void> Machine::set_array(const Value& shape, const Value& dtype, bool column_major,
                                const Value& data) {
  if (std::exchange(array_complete_, true)) return malformed("an array's state twice");
  if (dtype.kind != Kind::DType || !dtype.complete) return malformed("an array without its dtype");
  if (shape.kind != Kind::Tuple) return malformed("a shape that is no tuple");
  const auto extents = items(shape);
  if (extents.empty() || extents.size() > kMaxDimensions)
    return fail(ErrorCode::Unsupported,
                fmt::format("pickle: an array of {} dimensions; 1 to {} are known", extents.size(),
                            kMaxDimensions));
  array_.shape.dimensions = extents.size();
  for (std::size_t i = 0; i < kMaxDimensions; ++i) {
    const auto extent = i < extents.size() ? extents[i].number : 1;
    if (i < extents.size() && extents[i].kind != Kind::Integer)
      return malformed("an extent that is no number");
    if (extent < 0 || extent > kMaxExtent)
      return fail(ErrorCode::Unsupported,
                  fmt::format("pickle: an extent of {}; at most {} is known", extent, kMaxExtent));
    array_.shape.extents[i] = static_cast<std::uint32_t>(extent);
  }
  array_.dtype = dtype.dtype;
  array_.big_endian = dtype.big_endian && item_bytes(dtype.dtype) > 1;
  array_.column_major = column_major && extents.size() > 1;
  const auto size = array_.shape.items() * item_bytes(array_.dtype);
  if (size > max_bytes_)
    return fail(ErrorCode::Unsupported,
                fmt::format("pickle: an array of {} bytes; {} are allowed", size, max_bytes_));
  if (data.kind != Kind::Bytes || data.number != static_cast<std::int64_t>(size))
    return malformed("an array with more or fewer bytes than its shape needs");
  array_.form = data.form;
  array_.stored = data.data;
  return {};
}

}  // namespace lenswire::wire::pickle
