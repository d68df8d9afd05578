// Session descriptions of strangers: what is understood must survive being written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/sdp/session.hpp"

namespace sdp = lenswire::wire::sdp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto candidate = sdp::parse_candidate(text)) static_cast<void>(*candidate);
  const auto first = sdp::parse(text);
  if (!first) return 0;
  const auto written = sdp::write(*first, 1);
  // Ours may be longer than what came, by what every section gets.
  if (written.size() > sdp::kMaxSdpBytes) return 0;
  const auto second = sdp::parse(written);
  if (!second || sdp::write(*second, 1) != written) std::abort();
  return 0;
}
