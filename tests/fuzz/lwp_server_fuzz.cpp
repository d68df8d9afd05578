// What a server does with a client's bytes: cut into messages, whatever the split, and read.
#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "wire/lwp/decode.hpp"
#include "wire/maps.hpp"

namespace lwp = lenswire::wire::lwp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says in which pieces the rest comes.
  const std::size_t piece = std::size_t{data[0]} + 1;
  auto rest = std::as_bytes(std::span(data + 1, size - 1));
  lwp::MessageAssembler assembler(lwp::Receiver::Server);
  while (!rest.empty()) {
    const auto now = rest.first(std::min(piece, rest.size()));
    assembler.feed(now);
    rest = rest.subspan(now.size());
    while (true) {
      const auto message = assembler.next();
      if (!message) return 0;
      if (!*message) break;
      const auto map = lwp::decode_map((*message)->payload);
      if (!map) continue;
      if (const auto found = map->find("settings"); found != map->end())
        (void)lenswire::wire::settings_from_map(*found);
    }
  }
  return 0;
}
