// camera2tcp_reader.hpp - asks an original Camera2TCP server for pictures.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

#include "base/clock.hpp"
#include "net/tcp_client.hpp"
#include "wire/camera2tcp/message.hpp"

namespace lenswire::client {

/// Pictures of the newest servers may be one gzip member; nothing on the wire says so.
enum class GzipMode : std::uint8_t { Auto, Never, Always };

/// One connection that is asked for one service.
///
/// Threading: thread-bound.
class Camera2TcpReader {
 public:
  struct Settings {
    wire::camera2tcp::Service service = wire::camera2tcp::Service::RgbWebcam;
    std::string word;  ///< what asks for a picture
    GzipMode gzip = GzipMode::Auto;
    Nanoseconds timeout = std::chrono::seconds(5);
  };
  Camera2TcpReader(std::unique_ptr<net::ClientStream> stream, Settings settings,
                   const base::Clock& clock);

  /// The handshake.
  /// Errors: NotFound (the server has no such camera), Unsupported (it does not know the service),
  /// InvalidArgument (no geometry), Timeout, Disconnected, Closed.
  Result<wire::camera2tcp::Geometry> ask_geometry();

  /// Asks for a picture and reads all of it; false where the server says that it has no new one.
  /// Errors: Truncated where the server stopped in the midst of a picture; Unsupported where it
  /// does not know the word; InvalidArgument for damaged gzip; Timeout, Disconnected, Closed.
  Result<bool> read_picture(const wire::camera2tcp::Geometry& geometry,
                            std::vector<std::byte>& pixels);

 private:
  Result<void> send(std::string_view word);
  /// As many bytes as come until `pixels` is full; less at the timeout.
  Result<std::size_t> receive_until_silent(std::vector<std::byte>& pixels, std::size_t have,
                                           Nanoseconds patience);
  Result<bool> read_raw(std::vector<std::byte>& pixels, std::size_t have);
  Result<bool> read_gzip(std::vector<std::byte>& pixels, std::size_t have);
  [[nodiscard]] Result<bool> judge_short_answer(std::string_view answer, std::size_t wanted) const;
  [[nodiscard]] bool may_be_gzip() const noexcept;

  const std::unique_ptr<net::ClientStream> stream_;
  const Settings settings_;
  const base::Clock& clock_;
  std::vector<std::byte> compressed_;
};

}  // namespace lenswire::client
