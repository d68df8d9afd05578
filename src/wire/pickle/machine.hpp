// machine.hpp - the stack machine of the pickle format, cut down to what an array's pickle needs.
#pragma once

#include <array>
#include <string_view>

#include <lenswire/result.hpp>

#include "base/byte_reader.hpp"
#include "wire/pickle/decode.hpp"
#include "wire/pickle/opcode.hpp"

namespace lenswire::wire::pickle {

/// The only names that may occur. Each stands for itself: nothing behind it exists here.
enum class Global : std::uint8_t { Reconstruct, NdArray, DType, Encode, Bytes, FromBuffer };

/// One value on the stack; which members count depends on `kind`.
struct Value {
  enum class Kind : std::uint8_t {
    None,
    Bool,     // number
    Integer,  // number
    Bytes,    // data, form; number is how many there are once decoded
    Text,     // data, form
    Tuple,    // first, count
    Global,   // global
    DType,    // dtype, big_endian; complete once BUILT
    Array,    // the machine's one array
    Mark,
  };
  Kind kind = Kind::None;
  Global global = Global::Bytes;
  DataForm form = DataForm::Raw;
  DType dtype = DType::UInt8;
  bool big_endian = false;
  bool complete = false;
  std::uint16_t first = 0;
  std::uint16_t count = 0;
  std::int64_t number = 0;
  std::span<const std::byte> data;
};

/// Runs one message. All its memory is here and bounded, so hostile input costs nothing.
///
/// Threading: thread-bound.
class Machine {
 public:
  Machine(std::span<const std::byte> message, std::size_t max_bytes) noexcept
      : message_(message), reader_(message), max_bytes_(max_bytes) {}

  Result<PickledArray> run();

 private:
  Result<void> step(Opcode code);
  Result<void> finish();

  // Reading. Truncation shows in reader_.ok(), which run() tests after each step.
  [[nodiscard]] std::span<const std::byte> line();
  Result<void> push_number_line(Opcode code);
  Result<void> push_long1();
  Result<void> push_quoted();
  Result<void> push_data(Value::Kind kind, std::uint64_t size);
  Result<void> push_text(DataForm form, std::span<const std::byte> text);

  // The stack.
  Result<void> push(const Value& value);
  Result<void> push(Value::Kind kind, std::int64_t number = 0);
  Result<Value> pop();
  Result<void> tuple(std::size_t count);
  Result<void> tuple_to_mark();
  [[nodiscard]] std::span<const Value> items(const Value& tuple) const noexcept;

  // The memo.
  Result<void> store(std::uint64_t index);
  Result<void> load(std::uint64_t index);
  Result<std::uint64_t> index_line();

  // The few things that REDUCE and BUILD may mean.
  Result<void> push_global(std::string_view module, std::string_view name);
  Result<void> reduce();
  Result<void> reduce_encode(std::span<const Value> arguments);
  Result<void> reduce_dtype(std::span<const Value> arguments);
  Result<void> reduce_from_buffer(std::span<const Value> arguments);
  Result<void> build();
  Result<void> build_dtype(std::span<const Value> state);
  Result<void> begin_array();
  Result<void> set_array(const Value& shape, const Value& dtype, bool column_major,
                         const Value& data);

  const std::span<const std::byte> message_;
  base::ByteReader reader_;
  const std::size_t max_bytes_;

  std::array<Value, kMaxStack> stack_;
  std::size_t depth_ = 0;
  std::size_t marks_ = 0;
  std::array<Value, kMaxMemo> memo_;
  std::array<bool, kMaxMemo> remembered_{};
  std::size_t memo_size_ = 0;
  // What tuples hold. Each opcode pushes at most one value and a value enters one tuple at most.
  std::array<Value, kMaxOpcodes> tuple_items_;
  std::size_t tuple_items_used_ = 0;
  PickledArray array_;
  bool array_begun_ = false;
  bool array_complete_ = false;
};

}  // namespace lenswire::wire::pickle
