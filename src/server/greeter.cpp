#include "server/greeter.hpp"

#include <array>

#include "net/http.hpp"
#include "server/http_session.hpp"
#include "server/lwp_session.hpp"
#include "server/services.hpp"
#include "wire/lwp/message.hpp"

namespace lenswire::server {
namespace {

constexpr std::uint8_t kTlsHandshake = 0x16;

bool is_upper(std::uint8_t c) noexcept { return c >= 'A' && c <= 'Z'; }

}  // namespace

Greeter::Greeter(Worker& worker, std::unique_ptr<net::Stream> stream,
                 ConnectionTable::Admission admission)
    : worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      deadline_(worker.now() + kGreetingDeadline) {}

void Greeter::begin(SessionId id) {
  id_ = id;
  stream_->set_listener(this);
  on_readable();
}

void Greeter::tick(MonotonicTime now) {
  if (now >= deadline_) close();
}

void Greeter::close() {
  stream_->close();
  worker_.retire(id_);
}

void Greeter::on_readable() {
  std::array<std::byte, 1> first{};
  const auto got = stream_->peek(first);
  if (got.status == net::IoStatus::WouldBlock) {
    stream_->wait_readable();
    return;
  }
  if (got.status != net::IoStatus::Done) return close();
  const auto byte = static_cast<std::uint8_t>(first[0]);
  if (byte == kTlsHandshake && !stream_->is_encrypted() && worker_.services().tls) {
    stream_->set_listener(nullptr);
    stream_ = net::make_tls_stream(std::move(stream_), worker_.services().tls);
    stream_->set_listener(this);
    return on_readable();
  }
  stream_->set_listener(nullptr);
  if (byte == wire::lwp::kMagic[0])
    worker_.add(std::make_unique<LwpSession>(worker_, std::move(stream_), std::move(admission_)));
  else if (is_upper(byte))
    worker_.add(std::make_unique<HttpSession>(worker_, std::move(stream_), std::move(admission_)));
  else
    stream_->close();
  worker_.retire(id_);
}

std::unique_ptr<Session> MainReception::greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                              ConnectionTable::Admission admission) {
  return std::make_unique<Greeter>(worker, std::move(stream), std::move(admission));
}

void MainReception::refuse(net::Stream& stream) {
  static const std::string answer = net::serialize(
      {503, {{"Content-Length", "0"}, {"Retry-After", "5"}, {"Connection", "close"}}});
  // iovec has no const; the stream only reads.
  const iovec piece{const_cast<char*>(answer.data()), answer.size()};
  stream.write({&piece, 1});
  stream.shut_down_sending();
}

}  // namespace lenswire::server
