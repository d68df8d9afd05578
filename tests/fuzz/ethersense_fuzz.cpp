// What comes from an EtherSense server, frame after frame as the source takes it apart, and the
// same bytes as a ping.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "wire/ethersense/message.hpp"
#include "wire/pickle/decode.hpp"

namespace ethersense = lenswire::wire::ethersense;
namespace pickle = lenswire::wire::pickle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto rest = std::as_bytes(std::span(data, size));
  (void)ethersense::is_ping(rest);
  while (rest.size() >= ethersense::kHeaderBytes) {
    const auto head = rest.first<ethersense::kHeaderBytes>();
    const auto header = ethersense::decode_header(head);
    if (!header) return 0;
    const auto again = ethersense::encode(*header);
    if (!std::equal(again.begin(), again.end(), head.begin())) std::abort();
    rest = rest.subspan(ethersense::kHeaderBytes);
    if (header->payload_bytes > rest.size()) return 0;
    if (const auto array = pickle::decode(rest.first(header->payload_bytes))) {
      std::vector<std::byte> items(array->bytes());
      array->copy_to(items);
    }
    rest = rest.subspan(header->payload_bytes);
  }
  return 0;
}
