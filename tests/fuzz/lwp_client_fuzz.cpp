// What the client does with a server's bytes: greeting, replies, events and frames, through the
// very classes that it uses, with a stream that hands out the input in pieces.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "client/frame_assembly.hpp"
#include "client/message_stream.hpp"
#include "client/reply_maps.hpp"
#include "wire/lwp/decode.hpp"
#include "wire/maps.hpp"

namespace {

using namespace lenswire;

class InputStream final : public net::ClientStream {
 public:
  InputStream(std::span<const std::byte> input, std::size_t piece) : input_(input), piece_(piece) {}

  Result<std::size_t> receive(std::span<std::byte> into, std::size_t, MonotonicTime) override {
    if (input_.empty()) return fail(ErrorCode::Disconnected, "end of input");
    const auto count = std::min({into.size(), piece_, input_.size()});
    std::memcpy(into.data(), input_.data(), count);
    input_ = input_.subspan(count);
    return count;
  }
  Result<void> send(std::span<const std::byte>, MonotonicTime) override { return {}; }

 private:
  std::span<const std::byte> input_;
  std::size_t piece_;
};

void read_map(wire::lwp::MessageType type, std::span<const std::byte> payload) {
  const auto map = wire::lwp::decode_map(payload);
  if (!map) return;
  if (type == wire::lwp::MessageType::Event) {
    (void)client::camera_event_from_map(*map);
    return;
  }
  (void)client::error_of(*map, ErrorCode::Closed);
  for (const char* key : {"cameras", "controls", "profile"}) {
    const auto found = map->find(key);
    if (found == map->end()) continue;
    (void)client::cameras_from_map(*found);
    (void)wire::controls_from_map(*found);
    (void)wire::profile_from_map(*found);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data + 1, size - 1));
  client::MessageStream stream(std::make_unique<InputStream>(input, std::size_t{data[0]} + 1));
  client::FrameAssembly assembly;
  client::ClockEstimate clock;
  client::SubscriptionState subscription;
  StreamProfile profile;
  profile.kind = StreamKind::Depth;
  profile.width = 4;
  profile.height = 4;
  subscription.profile = std::make_shared<const StreamProfile>(profile);
  std::vector<std::byte> control;
  const auto now = monotonic_from_ns(1'000'000'000);
  while (true) {
    const auto head = stream.next_head(now);
    if (!head) return 0;
    if (!*head) continue;  // so far only a piece
    const bool is_frame = (*head)->prefix.type == wire::lwp::MessageType::Frame;
    if (is_frame && !client::FrameAssembly::check(**head)) return 0;
    auto frame = is_frame ? assembly.acquire() : nullptr;
    client::GrowingBuffer incoming;
    incoming.start(frame ? frame->data : control, (*head)->prefix.payload_bytes);
    while (!incoming.complete()) {
      const auto got = stream.payload(incoming.room(), now);
      if (!got) return 0;
      incoming.advance(*got);
    }
    if (const auto& time = (*head)->extensions.time)
      if (const auto sample = client::offset_from_exchange(*time, to_ns(now)))
        clock.add(*sample, now);
    if (frame)
      (void)assembly.finish(
          client::FrameAssembly::arrived(std::move(frame), **head, subscription, clock, now),
          subscription);
    else
      read_map((*head)->prefix.type, control);
  }
}
