#include "wire/pickle/machine.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <string>

#include "wire/pickle/latin1.hpp"

namespace lenswire::wire::pickle {
namespace {

using Kind = Value::Kind;

auto malformed(std::string_view what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("pickle: {}", what));
}

auto past_limit(std::string_view what, std::size_t limit) {
  return fail(ErrorCode::Unsupported, fmt::format("pickle: more than {} {}", limit, what));
}

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A name from outside for a message of ours.
std::string shown(std::string_view name) {
  constexpr std::size_t longest = 40;
  std::string out(name.substr(0, longest));
  for (auto& c : out)
    if (c < ' ' || c > '~') c = '?';
  if (name.size() > longest) out += "...";
  return out;
}

}  // namespace

Result<PickledArray> Machine::run() {
  for (std::size_t opcodes = 0;; ++opcodes) {
    if (opcodes == kMaxOpcodes) return past_limit("opcodes", kMaxOpcodes);
    const auto code = static_cast<Opcode>(reader_.u8());
    if (reader_.ok() && code == Opcode::Stop) break;
    Result<void> done;
    if (reader_.ok()) done = step(code);
    // What was missing explains an error better than what the zeros in its place led to.
    if (!reader_.ok()) return fail(ErrorCode::Truncated, "pickle: the message ends too early");
    if (!done) return fail(std::move(done).error());
  }
  if (auto done = finish(); !done) return fail(std::move(done).error());
  return array_;
}

Result<void> Machine::finish() {
  if (reader_.remaining() > 0) return malformed("bytes after its end");
  if (depth_ != 1 || stack_[0].kind != Kind::Array || !array_complete_)
    return malformed("it does not hold one array");
  return {};
}

Result<void> Machine::step(Opcode code) {
  switch (code) {
    case Opcode::Proto: {
      if (reader_.position() != 1) return malformed("PROTO in its middle");
      const auto version = reader_.u8();
      if (version > 5)
        return fail(ErrorCode::Unsupported, fmt::format("pickle: protocol {}", version));
      return {};
    }
    case Opcode::Frame: {
      const auto size = reader_.u64();
      if (size > reader_.remaining()) reader_.fail();
      return {};
    }
    case Opcode::Mark:
      if (++marks_ > kMaxMarks) return past_limit("nested marks", kMaxMarks);
      return push(Kind::Mark);
    case Opcode::None:
      return push(Kind::None);
    case Opcode::NewTrue:
      return push(Kind::Bool, 1);
    case Opcode::NewFalse:
      return push(Kind::Bool, 0);
    case Opcode::Int:
    case Opcode::Long:
      return push_number_line(code);
    case Opcode::BinInt:
      return push(Kind::Integer, reader_.little<std::int32_t>());
    case Opcode::BinInt1:
      return push(Kind::Integer, reader_.u8());
    case Opcode::BinInt2:
      return push(Kind::Integer, reader_.u16());
    case Opcode::Long1:
      return push_long1();
    case Opcode::String:
      return push_quoted();
    case Opcode::BinString:
    case Opcode::BinBytes:
      return push_data(Kind::Bytes, reader_.u32());
    case Opcode::ShortBinString:
    case Opcode::ShortBinBytes:
      return push_data(Kind::Bytes, reader_.u8());
    case Opcode::BinBytes8:
    case Opcode::ByteArray8:
      return push_data(Kind::Bytes, reader_.u64());
    case Opcode::Unicode:
      return push_text(DataForm::Escaped, line());
    case Opcode::BinUnicode:
      return push_data(Kind::Text, reader_.u32());
    case Opcode::ShortBinUnicode:
      return push_data(Kind::Text, reader_.u8());
    case Opcode::BinUnicode8:
      return push_data(Kind::Text, reader_.u64());
    case Opcode::Tuple:
      return tuple_to_mark();
    case Opcode::EmptyTuple:
      return tuple(0);
    case Opcode::Tuple1:
      return tuple(1);
    case Opcode::Tuple2:
      return tuple(2);
    case Opcode::Tuple3:
      return tuple(3);
    case Opcode::Global: {
      const auto module = line();
      const auto name = line();
      return push_global(as_text(module), as_text(name));
    }
    case Opcode::StackGlobal: {
      const auto name = pop();
      const auto module = pop();
      if (!name || !module || name->kind != Kind::Text || module->kind != Kind::Text)
        return malformed("STACK_GLOBAL without two texts");
      return push_global(as_text(module->data), as_text(name->data));
    }
    case Opcode::Reduce:
      return reduce();
    case Opcode::Build:
      return build();
    case Opcode::Put:
    case Opcode::Get: {
      const auto index = index_line();
      if (!index) return fail(index.error());
      return code == Opcode::Put ? store(*index) : load(*index);
    }
    case Opcode::BinPut:
      return store(reader_.u8());
    case Opcode::LongBinPut:
      return store(reader_.u32());
    case Opcode::Memoize:
      return store(memo_size_);
    case Opcode::BinGet:
      return load(reader_.u8());
    case Opcode::LongBinGet:
      return load(reader_.u32());
    case Opcode::Stop:
      return {};
  }
  const auto raw = static_cast<std::uint8_t>(code);
  return fail(ErrorCode::Unsupported,
              fmt::format("pickle: opcode {} (0x{:02x}) has no place in a pickled array",
                          refused_opcode_name(raw), raw));
}

std::span<const std::byte> Machine::line() {
  const auto rest = message_.subspan(reader_.position());
  const void* end = rest.empty() ? nullptr : std::memchr(rest.data(), '\n', rest.size());
  if (!end) {
    reader_.fail();
    return {};
  }
  const auto length = static_cast<std::size_t>(static_cast<const std::byte*>(end) - rest.data());
  const auto text = reader_.bytes(length);
  reader_.skip(1);
  return text;
}

Result<void> Machine::push_number_line(Opcode code) {
  auto text = as_text(line());
  if (code == Opcode::Int && (text == "00" || text == "01")) return push(Kind::Bool, text == "01");
  if (code == Opcode::Long && text.ends_with('L')) text.remove_suffix(1);
  if (text.size() > kMaxNumberDigits) return malformed("a number of too many digits");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty())
    return malformed("a number that is none");
  return push(Kind::Integer, number);
}

Result<void> Machine::push_long1() {
  const auto size = reader_.u8();
  if (size > 8) return past_limit("bytes of a long integer", 8);
  const auto bytes = reader_.bytes(size);
  if (bytes.empty()) return push(Kind::Integer, 0);
  std::uint64_t bits = (static_cast<unsigned>(bytes.back()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    bits = bits << 8 | static_cast<std::uint64_t>(bytes[i - 1]);
  return push(Kind::Integer, static_cast<std::int64_t>(bits));
}

Result<void> Machine::push_quoted() {
  const auto text = line();
  const auto quote = text.empty() ? '\0' : static_cast<char>(text.front());
  if (text.size() < 2 || (quote != '\'' && quote != '"') || text.back() != text.front())
    return malformed("a string without quotes");
  Value value;
  value.kind = Kind::Bytes;
  value.form = DataForm::Quoted;
  value.data = text.subspan(1, text.size() - 2);
  const auto length = quoted_length(value.data, quote);
  if (!length) return malformed("a string with a broken escape");
  value.number = static_cast<std::int64_t>(*length);
  return push(value);
}

Result<void> Machine::push_data(Value::Kind kind, std::uint64_t size) {
  const auto bytes = reader_.bytes(size);
  if (kind == Kind::Text) return push_text(DataForm::Utf8, bytes);
  Value value;
  value.kind = kind;
  value.data = bytes;
  value.number = static_cast<std::int64_t>(bytes.size());
  return push(value);
}

Result<void> Machine::push_text(DataForm form, std::span<const std::byte> text) {
  Value value;
  value.kind = Kind::Text;
  value.form = form;
  value.data = text;
  return push(value);
}

Result<void> Machine::push(const Value& value) {
  if (depth_ == kMaxStack) return past_limit("values on its stack", kMaxStack);
  stack_[depth_++] = value;
  return {};
}

Result<void> Machine::push(Value::Kind kind, std::int64_t number) {
  Value value;
  value.kind = kind;
  value.number = number;
  return push(value);
}

Result<Value> Machine::pop() {
  if (depth_ == 0 || stack_[depth_ - 1].kind == Kind::Mark)
    return malformed("an opcode finds its stack empty");
  return stack_[--depth_];
}

Result<void> Machine::tuple(std::size_t count) {
  if (depth_ < count) return malformed("a tuple of more values than there are");
  if (count > tuple_items_.size() - tuple_items_used_)
    return past_limit("values in tuples", tuple_items_.size());
  Value made;
  made.kind = Kind::Tuple;
  made.first = static_cast<std::uint16_t>(tuple_items_used_);
  made.count = static_cast<std::uint16_t>(count);
  for (std::size_t i = depth_ - count; i < depth_; ++i) {
    if (stack_[i].kind == Kind::Mark) return malformed("a mark inside a tuple");
    tuple_items_[tuple_items_used_++] = stack_[i];
  }
  depth_ -= count;
  return push(made);
}

Result<void> Machine::tuple_to_mark() {
  std::size_t count = 0;
  while (count < depth_ && stack_[depth_ - 1 - count].kind != Kind::Mark) ++count;
  if (count == depth_) return malformed("a tuple without its mark");
  if (auto made = tuple(count); !made) return made;
  // The tuple takes the mark's place.
  stack_[depth_ - 2] = stack_[depth_ - 1];
  --depth_;
  --marks_;
  return {};
}

std::span<const Value> Machine::items(const Value& tuple) const noexcept {
  return std::span(tuple_items_).subspan(tuple.first, tuple.count);
}

Result<void> Machine::store(std::uint64_t index) {
  if (index >= kMaxMemo) return past_limit("memo entries", kMaxMemo);
  if (depth_ == 0 || stack_[depth_ - 1].kind == Kind::Mark)
    return malformed("nothing to remember on its stack");
  if (!remembered_[index]) ++memo_size_;
  remembered_[index] = true;
  memo_[index] = stack_[depth_ - 1];
  return {};
}

Result<void> Machine::load(std::uint64_t index) {
  if (index >= kMaxMemo || !remembered_[index]) return malformed("a memo entry that is not there");
  return push(memo_[index]);
}

Result<std::uint64_t> Machine::index_line() {
  const auto text = as_text(line());
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (text.size() > kMaxNumberDigits || error != std::errc{} || end != text.data() + text.size() ||
      text.empty())
    return malformed("a memo index that is no number");
  return index;
}

Result<void> Machine::push_global(std::string_view module, std::string_view name) {
  struct Entry {
    std::string_view module, name;
    Global global;
  };
  static constexpr std::array<Entry, 9> known = {{
      {"numpy.core.multiarray", "_reconstruct", Global::Reconstruct},
      {"numpy._core.multiarray", "_reconstruct", Global::Reconstruct},
      {"numpy", "ndarray", Global::NdArray},
      {"numpy", "dtype", Global::DType},
      {"_codecs", "encode", Global::Encode},
      {"__builtin__", "bytes", Global::Bytes},
      {"builtins", "bytes", Global::Bytes},
      {"numpy.core.numeric", "_frombuffer", Global::FromBuffer},
      {"numpy._core.numeric", "_frombuffer", Global::FromBuffer},
  }};
  for (const auto& entry : known) {
    if (entry.module != module || entry.name != name) continue;
    Value value;
    value.kind = Kind::Global;
    value.global = entry.global;
    return push(value);
  }
  return fail(ErrorCode::Unsupported,
              fmt::format("pickle: global '{} {}' has no place in a pickled array", shown(module),
                          shown(name)));
}

}  // namespace lenswire::wire::pickle
