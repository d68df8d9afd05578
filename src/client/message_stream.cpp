#include "client/message_stream.hpp"

#include <algorithm>
#include <cstring>

#include "wire/lwp/decode.hpp"

namespace lenswire::client {
namespace {

// Holds the head of a frame and little of its payload, which has to be copied out again.
constexpr std::size_t kBufferBytes = 512;

}  // namespace

using wire::lwp::kPrefixBytes;

MessageStream::MessageStream(std::unique_ptr<net::ClientStream> stream)
    : stream_(std::move(stream)), buffer_(kBufferBytes) {}

Result<bool> MessageStream::buffer_up_to(std::size_t count, MonotonicTime deadline) {
  if (end_ - begin_ >= count) return true;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // At most 64 KiB of extensions, so what was announced may be allocated.
  if (buffer_.size() < count) buffer_.resize(count);
  const auto got = stream_->receive(std::span(buffer_).subspan(end_), count - end_, deadline);
  if (!got) return fail(got.error());
  end_ += *got;
  return end_ >= count;
}

Result<std::optional<MessageHead>> MessageStream::next_head(MonotonicTime deadline) {
  auto ready = buffer_up_to(kPrefixBytes, deadline);
  if (!ready) return fail(std::move(ready).error());
  if (!*ready) return std::nullopt;
  MessageHead head;
  const auto prefix =
      wire::lwp::decode_prefix(buffered().first(kPrefixBytes), wire::lwp::Receiver::Client);
  if (!prefix) return fail(prefix.error());
  head.prefix = *prefix;
  ready = buffer_up_to(kPrefixBytes + prefix->extension_bytes, deadline);
  if (!ready) return fail(std::move(ready).error());
  if (!*ready) return std::nullopt;
  auto extensions =
      wire::lwp::decode_extensions(buffered().subspan(kPrefixBytes, prefix->extension_bytes));
  if (!extensions) return fail(std::move(extensions).error());
  head.extensions = *extensions;
  begin_ += kPrefixBytes + prefix->extension_bytes;
  return head;
}

Result<std::size_t> MessageStream::payload(std::span<std::byte> into, MonotonicTime deadline) {
  const auto ready = buffered().first(std::min(into.size(), end_ - begin_));
  std::copy(ready.begin(), ready.end(), into.begin());
  begin_ += ready.size();
  if (ready.size() == into.size()) return into.size();
  const auto rest = into.subspan(ready.size());
  const auto got = stream_->receive(rest, rest.size(), deadline);
  if (!got) return fail(got.error());
  return ready.size() + *got;
}

}  // namespace lenswire::client
