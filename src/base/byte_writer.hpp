// byte_writer.hpp - little-endian output into a growing buffer.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lenswire::base {

/// Appends to a vector that it borrows. Reusing the vector makes it allocation-free.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& out) noexcept : out_(out) {}

  template <std::integral T>
  void little(T value) {
    using U = std::make_unsigned_t<T>;
    auto bits = static_cast<U>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i)
      out_.push_back(static_cast<std::byte>(static_cast<std::uint8_t>(bits >> (8 * i))));
  }
  void u8(std::uint8_t v) { little(v); }
  void u16(std::uint16_t v) { little(v); }
  void u32(std::uint32_t v) { little(v); }
  void u64(std::uint64_t v) { little(v); }
  void i64(std::int64_t v) { little(v); }
  void f64(double v) { little(std::bit_cast<std::uint64_t>(v)); }
  void bytes(std::span<const std::byte> run) { out_.insert(out_.end(), run.begin(), run.end()); }
  void text(std::string_view run) { bytes(std::as_bytes(std::span(run))); }

  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace lenswire::base
