// Lines of the ball protocol's signalling, in pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "wire/ball/signal.hpp"

namespace ball = lenswire::wire::ball;

namespace {

// The signals, and whether the stream was good to its end.
std::pair<std::vector<ball::Signal>, bool> signals_of(std::span<const std::byte> bytes,
                                                      std::size_t piece) {
  ball::SignalReader reader;
  std::vector<ball::Signal> out;
  while (!bytes.empty()) {
    auto now = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(now.size());
    while (!now.empty()) {
      auto signal = reader.read(now);
      if (!signal) return {std::move(out), false};
      if (*signal) out.push_back(std::move(**signal));
    }
  }
  return {std::move(out), true};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto whole = signals_of(bytes, bytes.size() + 1);
  if (signals_of(bytes, std::size_t{data[0]} + 1) != whole) std::abort();
  for (const auto& signal : whole.first) {
    // What we would write is what we read, unless escapes make the line too long.
    const auto line = ball::encode(signal);
    if (!line) continue;
    const auto again = ball::parse_line(std::string_view(*line).substr(0, line->size() - 1));
    if (!again || *again != signal) std::abort();
  }
  return 0;
}
