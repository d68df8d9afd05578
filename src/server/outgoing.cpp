#include "server/outgoing.hpp"

namespace lenswire::server {

net::IoStatus Outgoing::flush(net::Stream& stream) {
  const std::array<std::span<const std::byte>, 3> pieces = {
      std::span<const std::byte>(head_), payload(), std::as_bytes(std::span(tail_))};
  while (left_ > 0) {
    std::array<iovec, 3> vectors{};
    std::size_t count = 0;
    std::size_t skip = total() - left_;
    for (const auto& piece : pieces) {
      if (skip >= piece.size()) {
        skip -= piece.size();
        continue;
      }
      // iovec has no const; the stream only reads.
      vectors[count++] = {const_cast<std::byte*>(piece.data()) + skip, piece.size() - skip};
      skip = 0;
    }
    const auto sent = stream.write({vectors.data(), count});
    if (sent.status == net::IoStatus::WouldBlock) return net::IoStatus::WouldBlock;
    if (sent.status != net::IoStatus::Done) return sent.status;
    left_ -= sent.bytes;
    // A short write of a TCP socket means that it is full: the next try would only say so again.
    if (left_ > 0 && !stream.is_encrypted()) return net::IoStatus::WouldBlock;
  }
  frame_.reset();
  return net::IoStatus::Done;
}

}  // namespace lenswire::server
