// tcp_stream.hpp - the TCP stream, which the TLS stream builds on.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "net/stream.hpp"

namespace lenswire::net {

class TcpStream : public Stream {
 public:
  TcpStream(IoThread& thread, int fd, const SocketSettings& settings);
  ~TcpStream() override;

  Transfer read(std::span<std::byte> into) override;
  Transfer peek(std::span<std::byte> into) override;
  Transfer write(std::span<const iovec> pieces) override;
  void set_listener(StreamListener* listener) noexcept override;
  void wait_readable() override;
  void wait_writable() override;
  void close() noexcept override;
  void shut_down_sending() noexcept override;
  void set_unsent_limit(std::uint32_t bytes) noexcept override;
  [[nodiscard]] const Address& peer() const noexcept override { return peer_; }
  [[nodiscard]] const Address& local() const noexcept override { return local_; }
  [[nodiscard]] bool is_encrypted() const noexcept override { return false; }
  [[nodiscard]] int native_handle() const noexcept override { return fd_; }
  [[nodiscard]] IoThread& thread() noexcept override { return thread_; }

 private:
  // What a pending wait finds when it fires after the stream is gone: a null pointer.
  struct Anchor {
    StreamListener* listener = nullptr;
    bool waiting_read = false;
    bool waiting_write = false;
  };

  Transfer receive(std::span<std::byte> into, int flags);

  IoThread& thread_;
  boost::asio::ip::tcp::socket socket_;
  int fd_;
  Address peer_;
  Address local_;
  std::shared_ptr<Anchor> anchor_ = std::make_shared<Anchor>();
};

}  // namespace lenswire::net
