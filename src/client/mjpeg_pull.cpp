#include "client/mjpeg_pull.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "client/credentials.hpp"
#include "client/http_post.hpp"
#include "client/transport.hpp"
#include "wire/mjpeg_pull/response_head.hpp"

namespace lenswire::client {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

}  // namespace

MjpegPull::MjpegPull(std::unique_ptr<net::ClientStream> stream)
    : stream_(std::move(stream)), buffer_(kBufferBytes) {}

Result<std::unique_ptr<MjpegPull>> MjpegPull::open(const base::LenswireUrl& url,
                                                   const std::string& target,
                                                   const ClientSettings& settings,
                                                   const base::StopToken& stop) {
  const auto deadline = base::system_clock().now() + settings.connect_timeout;
  auto below = url;
  below.transport = base::Transport::Tcp;
  auto stream = open_transport(below, settings, deadline, stop);
  if (!stream) return fail(std::move(stream).error());
  auto token = read_token(settings);
  if (!token) return fail(std::move(token).error());
  const auto request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", target, net::host_and_port(url.host, url.port),
      token->empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", *token));
  if (auto sent = (*stream)->send(std::as_bytes(std::span(request)), deadline); !sent)
    return fail(std::move(sent).error());
  std::unique_ptr<MjpegPull> pull(new MjpegPull(std::move(*stream)));
  if (auto ok = pull->read_head(deadline); !ok) return fail(std::move(ok).error());
  return pull;
}

Result<void> MjpegPull::fill(MonotonicTime deadline) {
  if (!unread_.empty()) return {};
  const auto got = stream_->receive(buffer_, 1, deadline);
  if (!got) return fail(got.error());
  if (*got == 0) return fail(ErrorCode::Timeout, "the server sends no picture");
  unread_ = std::span<const std::byte>(buffer_).first(*got);
  return {};
}

Result<void> MjpegPull::read_head(MonotonicTime deadline) {
  wire::mjpeg_pull::ResponseHead head;
  while (true) {
    if (auto ok = fill(deadline); !ok) return ok;
    const auto whole = head.read(unread_);
    if (!whole) return fail(whole.error());
    if (*whole) break;
  }
  if (head.status() != 200)
    return fail(code_of_status(head.status()),
                fmt::format("the server refuses the MJPEG stream (HTTP {})", head.status()));
  if (!head.header("Content-Type").starts_with("multipart/x-mixed-replace"))
    return fail(ErrorCode::InvalidArgument, "the server's answer is no MJPEG stream");
  return {};
}

Result<void> MjpegPull::next(MonotonicTime deadline) {
  while (true) {
    if (auto ok = fill(deadline); !ok) return ok;
    const auto whole = parts_.read(unread_);
    if (!whole) return fail(whole.error());
    if (*whole) return {};
  }
}

}  // namespace lenswire::client
