// client_api.hpp - a remote camera with the calls of cv::VideoCapture, over the network.
//
// Speaks to lenswire (`lenswire serve --door rpiasgige:4001`) and to original rpiasgige servers of
// the TCP generation. Header-only; needs OpenCV's core module and POSIX sockets, and C++11.
//
//   rpiasgige::client::Device camera("192.168.2.3", 4001);
//   cv::Mat picture;
//   if (camera.open(true) && camera.retrieve(picture, true)) ...
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

namespace rpiasgige {
namespace client {

/// The server did not answer in time, three times in a row.
class TimeoutException : public std::runtime_error {
 public:
  explicit TimeoutException(const std::string& call)
      : std::runtime_error("no answer in time: " + call), origin(call) {}

  std::string origin;  ///< the call that waited: "retrieve"
};

/// The server can't be reached, or its answer makes no sense.
class RemoteException : public std::runtime_error {
 public:
  explicit RemoteException(const std::string& message) : std::runtime_error(message) {}
};

/// Counts pictures: loop() is true each time `cycles` of them have come, and the numbers are of
/// those.
class Performance_Counter {
 public:
  explicit Performance_Counter(int cycles = 120) : cycles_(cycles > 0 ? cycles : 1) { reset(); }

  bool loop(double bytes) {
    bytes_ += bytes;
    if (++count_ < cycles_) return false;
    const std::chrono::duration<double> took = Clock::now() - began_;
    fps_ = took.count() > 0 ? count_ / took.count() : 0;
    mean_data_size_ = bytes_ / count_;
    reset();
    return true;
  }

  double get_fps() const { return fps_; }
  double get_mean_data_size() const { return mean_data_size_; }

  void reset() {
    count_ = 0;
    bytes_ = 0;
    began_ = Clock::now();
  }

 private:
  typedef std::chrono::steady_clock Clock;

  int cycles_;
  int count_;
  double bytes_;
  double fps_ = 0;
  double mean_data_size_ = 0;
  Clock::time_point began_;
};

/// One remote camera. Properties have OpenCV's numbers (cv::CAP_PROP_...).
///
/// With `keep_alive` the connection stays for the next call, which is quicker. Calls return false
/// where the server says no or does not answer in time; from the third silence in a row on they
/// throw TimeoutException. They throw RemoteException where the server can't be reached.
///
/// Threading: one thread at a time.
class Device {
 public:
  static const int DEFAULT_REQUEST_BUFFER_SIZE = 9 + 32;
  static const int DEFAULT_RESPONSE_BUFFER_SIZE = 9 + 12 + 1920 * 1080 * 3;

  Device(const std::string& address, int port)
      : Device(address, port, DEFAULT_REQUEST_BUFFER_SIZE, DEFAULT_RESPONSE_BUFFER_SIZE) {}
  /// `response_buffer_size` bounds the largest picture: 21 bytes and its pixels.
  Device(const std::string& address, int port, int response_buffer_size)
      : Device(address, port, DEFAULT_REQUEST_BUFFER_SIZE, response_buffer_size) {}
  Device(const std::string& address, int port, int request_buffer_size, int response_buffer_size)
      : address_(address), port_(port) {
    if (request_buffer_size < kHeaderBytes + 12 || response_buffer_size < kHeaderBytes + 12)
      throw std::invalid_argument("rpiasgige: the buffers are too small for any packet");
    request_.reserve(static_cast<std::size_t>(request_buffer_size));
    max_answer_ = static_cast<std::size_t>(response_buffer_size);
  }
  ~Device() { disconnect(); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  bool ping(bool keep_alive = false) {
    return ask("ping", "PING", keep_alive) && status_ == "PONG";
  }
  bool open(bool keep_alive = false) { return ask("open", "OPEN", keep_alive) && said_yes(); }
  bool isOpened(bool keep_alive = false) {
    return ask("isOpened", "ISOP", keep_alive) && said_yes();
  }
  bool release(bool keep_alive = false) { return ask("release", "CLOS", keep_alive) && said_yes(); }

  bool set(int property_id, double value, bool keep_alive = false) {
    char data[12];
    put_int(property_id, data);
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; ++i) data[4 + i] = static_cast<char>(bits >> (8 * i) & 0xff);
    return ask("set", "SET0", keep_alive, data, sizeof data) && said_yes();
  }

  /// -1 where the server has no answer.
  double get(int property_id, bool keep_alive = false) {
    char data[4];
    put_int(property_id, data);
    if (!ask("get", "GET0", keep_alive, data, sizeof data) || !said_yes() || data_bytes_ < 8)
      return -1;
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i)
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(data_at(i))) << (8 * i);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  /// The newest picture. `picture` points into this device's buffer: clone() it to keep it beyond
  /// the next call.
  bool retrieve(cv::Mat& picture, bool keep_alive = false) {
    if (!ask("retrieve", "GRAB", keep_alive) || !said_yes() || data_bytes_ < 12) return false;
    const int rows = int_at(0);
    const int columns = int_at(4);
    const int type = int_at(8);
    if (rows <= 0 || columns <= 0 || type < 0 || type > CV_MAKETYPE(CV_64F, 4))
      throw RemoteException("rpiasgige: the server sent a picture of no shape");
    const std::size_t expected = static_cast<std::size_t>(rows) *
                                 static_cast<std::size_t>(columns) *
                                 static_cast<std::size_t>(CV_ELEM_SIZE(type));
    if (expected != data_bytes_ - 12)
      throw RemoteException("rpiasgige: a picture's size and its data differ");
    picture = cv::Mat(rows, columns, type, &answer_[kHeaderBytes + 12]);
    return true;
  }

  /// How long an answer may take; 1 s at first.
  void set_read_timeout(int seconds) { read_timeout_ms_ = seconds * 1000 + 10; }

 private:
  typedef std::chrono::steady_clock Clock;
  static const int kHeaderBytes = 9;
  static const int kSilencesUntilException = 3;

  enum class Outcome { Done, Silence, Broken };

  bool said_yes() const { return status_ == "0200"; }
  char data_at(int index) const { return answer_[static_cast<std::size_t>(kHeaderBytes + index)]; }
  int int_at(int index) const {
    return int_from(&answer_[static_cast<std::size_t>(kHeaderBytes + index)]);
  }

  static void put_int(int value, char* out) {
    const std::uint32_t bits = static_cast<std::uint32_t>(value);
    for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(bits >> (8 * i) & 0xff);
  }
  static int int_from(const char* in) {
    std::uint32_t bits = 0;
    for (int i = 0; i < 4; ++i)
      bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(in[i])) << (8 * i);
    return static_cast<int>(bits);
  }

  bool ask(const char* call, const char* command, bool keep_alive, const char* data = nullptr,
           std::size_t data_bytes = 0) {
    request_.assign(command, command + 4);
    request_.push_back(keep_alive ? '1' : '0');
    char size[4];
    put_int(static_cast<int>(data_bytes), size);
    request_.insert(request_.end(), size, size + 4);
    if (data_bytes > 0) request_.insert(request_.end(), data, data + data_bytes);

    const bool reused = socket_ >= 0;
    Outcome outcome = exchange();
    // A server shows out who is silent for three seconds; that is no error of this call.
    if (outcome == Outcome::Broken && reused) outcome = exchange();
    if (outcome != Outcome::Done || !keep_alive) disconnect();
    if (outcome == Outcome::Broken)
      throw RemoteException("rpiasgige: " + address_ + " closed the connection");
    if (outcome == Outcome::Silence) {
      if (++silences_ >= kSilencesUntilException) throw TimeoutException(call);
      return false;
    }
    silences_ = 0;
    return true;
  }

  Outcome exchange() {
    if (socket_ < 0) connect();
    for (std::size_t sent = 0; sent < request_.size();) {
      const ssize_t count = ::send(socket_, &request_[sent], request_.size() - sent, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return broken();
      sent += static_cast<std::size_t>(count);
    }
    const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(read_timeout_ms_);
    Outcome outcome = receive(0, kHeaderBytes, deadline);
    if (outcome != Outcome::Done) return outcome;
    status_.assign(answer_.begin(), answer_.begin() + 4);
    const int size = int_from(&answer_[5]);
    if (size < 0) {
      disconnect();
      throw RemoteException("rpiasgige: the server's answer makes no sense");
    }
    data_bytes_ = static_cast<std::size_t>(size);
    if (data_bytes_ + kHeaderBytes > max_answer_) {
      disconnect();
      throw RemoteException("rpiasgige: the answer of " + std::to_string(size) +
                            " bytes is larger than this Device's response buffer");
    }
    return receive(kHeaderBytes, data_bytes_, deadline);
  }

  Outcome broken() {
    disconnect();
    return Outcome::Broken;
  }

  Outcome receive(std::size_t offset, std::size_t count, Clock::time_point deadline) {
    if (answer_.size() < offset + count) answer_.resize(offset + count);
    while (count > 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd wait;
      wait.fd = socket_;
      wait.events = POLLIN;
      wait.revents = 0;
      const int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) return Outcome::Silence;
      const ssize_t got = ::recv(socket_, &answer_[offset], count, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return broken();
      offset += static_cast<std::size_t>(got);
      count -= static_cast<std::size_t>(got);
    }
    return Outcome::Done;
  }

  void connect() {
    addrinfo hints;
    std::memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed =
        ::getaddrinfo(address_.c_str(), std::to_string(port_).c_str(), &hints, &found);
    if (failed != 0)
      throw RemoteException("rpiasgige: " + address_ + ": " + ::gai_strerror(failed));
    int error = 0;
    for (addrinfo* one = found; one != nullptr && socket_ < 0; one = one->ai_next) {
      const int fd = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
      if (fd < 0) continue;
      if (::connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
        socket_ = fd;
      } else {
        error = errno;
        ::close(fd);
      }
    }
    ::freeaddrinfo(found);
    if (socket_ < 0)
      throw RemoteException("rpiasgige: cannot connect to " + address_ + ":" +
                            std::to_string(port_) + ": " + std::strerror(error));
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void disconnect() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  std::string address_;
  int port_;
  int socket_ = -1;
  int read_timeout_ms_ = 1010;
  int silences_ = 0;
  std::vector<char> request_;
  std::size_t max_answer_ = 0;
  std::vector<char> answer_;
  std::size_t data_bytes_ = 0;
  std::string status_;
};

}  // namespace client
}  // namespace rpiasgige
