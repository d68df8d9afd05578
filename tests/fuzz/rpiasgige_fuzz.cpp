// Requests of rpiasgige clients, over TCP in any pieces and as WebSocket messages. What is found is
// within bounds, and a stream of nothing but whole requests means the same however it is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "wire/rpiasgige/packet.hpp"

namespace rpi = lenswire::wire::rpiasgige;

namespace {

std::vector<rpi::Request> requests(std::span<const std::byte> bytes, std::size_t piece) {
  std::vector<rpi::Request> seen;
  rpi::RequestAssembler assembler;
  while (!bytes.empty()) {
    const auto now = bytes.first(std::min(piece, bytes.size()));
    assembler.feed(now);
    bytes = bytes.subspan(now.size());
    while (const auto request = assembler.next()) {
      if (request->data_bytes > rpi::kMaxRequestDataBytes) std::abort();
      if (request->value() && !request->property()) std::abort();
      seen.push_back(*request);
    }
  }
  return seen;
}

// The requests as a well-behaved client would send them.
std::vector<std::byte> sent_again(const std::vector<rpi::Request>& list) {
  constexpr const char* kLetters[] = {"PING", "OPEN", "ISOP", "CLOS",
                                      "SET0", "GET0", "GRAB", "FOO0"};
  std::vector<std::byte> out;
  for (const auto& request : list) {
    const auto* letters = kLetters[static_cast<std::size_t>(request.command)];
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::byte>(letters[i]));
    out.push_back(static_cast<std::byte>(request.keep_alive));
    out.push_back(static_cast<std::byte>(request.data_bytes));
    out.insert(out.end(), 3, std::byte{0});
    out.insert(out.end(), request.data.begin(), request.data.begin() + request.data_bytes);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says in which pieces the rest comes.
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  (void)requests(bytes, std::size_t{data[0]} + 1);
  const auto list = requests(bytes, std::max<std::size_t>(bytes.size(), 1));
  const auto again = sent_again(list);
  if (requests(again, std::max<std::size_t>(again.size(), 1)) != list) std::abort();
  if (requests(again, std::size_t{data[0]} + 1) != list) std::abort();

  const auto message = rpi::decode_message(bytes);
  if ((bytes.size() < rpi::kHeaderBytes) != (message.command == rpi::Command::Incomplete))
    std::abort();
  if (message.data_bytes > rpi::kMaxRequestDataBytes) std::abort();
  return 0;
}
