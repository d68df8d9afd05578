// byte_reader.hpp - the one way to read binary input that somebody else wrote.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace lenswire::base {

/// Reads integers and byte runs from a span, every read checked. The first read past the end makes
/// the reader fail for good: all later reads give zeros and empty spans, so a parser may read a
/// whole structure and test ok() once.
///
/// Threading: reentrant.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> data) noexcept : data_(data) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return data_.size() - position_; }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  void fail() noexcept { ok_ = false; }

  template <std::integral T>
  T little() noexcept {
    return read<T>(std::endian::native == std::endian::little);
  }
  template <std::integral T>
  T big() noexcept {
    return read<T>(std::endian::native == std::endian::big);
  }
  std::uint8_t u8() noexcept { return little<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return little<std::uint16_t>(); }
  std::uint32_t u32() noexcept { return little<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return little<std::uint64_t>(); }
  std::int64_t i64() noexcept { return little<std::int64_t>(); }
  double f64() noexcept { return std::bit_cast<double>(u64()); }

  std::span<const std::byte> bytes(std::uint64_t count) noexcept {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return {};
    }
    const auto run = data_.subspan(position_, static_cast<std::size_t>(count));
    position_ += run.size();
    return run;
  }
  std::string_view text(std::uint64_t count) noexcept {
    const auto run = bytes(count);
    return {reinterpret_cast<const char*>(run.data()), run.size()};
  }
  void skip(std::uint64_t count) noexcept { bytes(count); }

 private:
  template <std::integral T>
  T read(bool native_order) noexcept {
    const auto run = bytes(sizeof(T));
    if (run.empty()) return T{};
    std::byte raw[sizeof(T)];
    for (std::size_t i = 0; i < sizeof(T); ++i) raw[native_order ? i : sizeof(T) - 1 - i] = run[i];
    T value;
    std::memcpy(&value, raw, sizeof value);
    return value;
  }

  std::span<const std::byte> data_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace lenswire::base
