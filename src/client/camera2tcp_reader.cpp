#include "client/camera2tcp_reader.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wire/camera2tcp/decode.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
using wire::camera2tcp::Geometry;
using wire::camera2tcp::Service;

// A status text is known by what follows it: nothing.
constexpr auto kAfterText = 100ms;
constexpr std::size_t kLongestAnswer = 64;
constexpr std::size_t kChunk = std::size_t{256} << 10;
constexpr std::array kGzipMagic = {std::byte{0x1f}, std::byte{0x8b}, std::byte{8}};

bool is_kinect(Service service) noexcept {
  return service == Service::KinectWebcam || service == Service::KinectDepth;
}

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// One gzip member, fed as it comes.
class Inflater {
 public:
  explicit Inflater(std::span<std::byte> out) : ready_(::inflateInit2(&stream_, 15 + 16) == Z_OK) {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
  }
  ~Inflater() {
    if (ready_) ::inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// True once the member has ended and the picture is full.
  Result<bool> feed(std::span<const std::byte> bytes) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    const int status = ready_ ? ::inflate(&stream_, Z_NO_FLUSH) : Z_MEM_ERROR;
    if (status == Z_STREAM_END && stream_.avail_out == 0 && stream_.avail_in == 0) return true;
    const bool more = status == Z_OK && stream_.avail_in == 0;
    // All pixels may be there before the member's own end.
    if (more || (status == Z_BUF_ERROR && stream_.avail_in == 0)) return false;
    return fail(ErrorCode::InvalidArgument,
                status == Z_STREAM_END ? "the gzip picture has another size than the server said"
                                       : "the server's gzip picture is damaged");
  }

 private:
  z_stream stream_{};
  const bool ready_;
};

}  // namespace

Camera2TcpReader::Camera2TcpReader(std::unique_ptr<net::ClientStream> stream, Settings settings,
                                   const base::Clock& clock)
    : stream_(std::move(stream)), settings_(std::move(settings)), clock_(clock) {}

Result<void> Camera2TcpReader::send(std::string_view word) {
  return stream_->send(std::as_bytes(std::span(word)), clock_.now() + settings_.timeout);
}

Result<Geometry> Camera2TcpReader::ask_geometry() {
  if (auto sent = send(geometry_request(settings_.service)); !sent)
    return fail(std::move(sent).error());
  std::array<std::byte, kLongestAnswer> answer;
  std::size_t have = 0;
  // Answers have no end mark: one is whole when nothing follows.
  auto patience = settings_.timeout;
  while (have < answer.size()) {
    auto got = stream_->receive(std::span(answer).subspan(have), 1, clock_.now() + patience);
    if (!got) return fail(std::move(got).error());
    if (*got == 0) break;
    have += *got;
    const auto geometry = parse_geometry(settings_.service, text_of(std::span(answer).first(have)));
    const bool cut = !geometry && (geometry.error().code == ErrorCode::Truncated ||
                                   geometry.error().code == ErrorCode::InvalidArgument);
    patience = cut ? settings_.timeout : Nanoseconds(kAfterText);
  }
  if (have == 0)
    return fail(ErrorCode::Timeout, fmt::format("the server does not answer {}; check that it is "
                                                "a Camera2TCP server",
                                                geometry_request(settings_.service)));
  return parse_geometry(settings_.service, text_of(std::span(answer).first(have)));
}

bool Camera2TcpReader::may_be_gzip() const noexcept {
  return settings_.gzip == GzipMode::Always ||
         (settings_.gzip == GzipMode::Auto && is_kinect(settings_.service));
}

Result<bool> Camera2TcpReader::read_picture(const Geometry& geometry,
                                            std::vector<std::byte>& pixels) {
  pixels.resize(picture_bytes(settings_.service, geometry));
  if (auto sent = send(settings_.word); !sent) return fail(std::move(sent).error());
  const auto first_bytes = std::min(pixels.size(), kGzipMagic.size());
  auto got = stream_->receive(pixels, first_bytes, clock_.now() + settings_.timeout);
  if (!got) {
    auto error = std::move(got).error();
    if (error.code == ErrorCode::Disconnected && is_kinect(settings_.service))
      error.message += fmt::format(
          "; an original server without a Kinect does so when it is asked "
          "for {}",
          settings_.word);
    return fail(std::move(error));
  }
  if (*got == 0)
    return fail(
        ErrorCode::Timeout,
        fmt::format("the server does not answer {}; its camera may have failed", settings_.word));
  const bool compressed = settings_.gzip == GzipMode::Always ||
                          (may_be_gzip() && *got >= kGzipMagic.size() &&
                           std::equal(kGzipMagic.begin(), kGzipMagic.end(), pixels.begin()));
  return compressed ? read_gzip(pixels, *got) : read_raw(pixels, *got);
}

Result<std::size_t> Camera2TcpReader::receive_until_silent(std::vector<std::byte>& pixels,
                                                           std::size_t have, Nanoseconds patience) {
  while (have < pixels.size()) {
    const auto room = std::span(pixels).subspan(have);
    auto got = stream_->receive(room, std::min(room.size(), kChunk), clock_.now() + patience);
    if (!got) return fail(std::move(got).error());
    if (*got == 0) break;
    have += *got;
  }
  return have;
}

Result<bool> Camera2TcpReader::read_raw(std::vector<std::byte>& pixels, std::size_t have) {
  const auto could_be_text = [&] { return have <= kLongestAnswer && have < pixels.size(); };
  if (could_be_text()) {
    const auto total = receive_until_silent(pixels, have, kAfterText);
    if (!total) return fail(total.error());
    have = *total;
    if (could_be_text())
      if (auto judged = judge_short_answer(text_of(std::span(pixels).first(have)), pixels.size());
          !judged || !*judged)
        return judged;
  }
  const auto total = receive_until_silent(pixels, have, settings_.timeout);
  if (!total) return fail(total.error());
  if (*total == pixels.size()) return true;
  return fail(ErrorCode::Truncated,
              fmt::format("the server sent {} of {} bytes of a picture and stopped; original "
                          "servers cut pictures that their socket does not take at once, so ask "
                          "for a smaller one",
                          *total, pixels.size()));
}

// True where it may still be the beginning of a picture.
Result<bool> Camera2TcpReader::judge_short_answer(std::string_view answer,
                                                  std::size_t wanted) const {
  if (answer == wire::camera2tcp::kNoFrame || answer == wire::camera2tcp::kNoDepthFrame)
    return false;
  if (answer == wire::camera2tcp::kInvalidRequest || answer == "Invalid Request")
    return fail(ErrorCode::Unsupported,
                fmt::format("the server does not know {}, or has it switched off", settings_.word));
  return wanted > answer.size();
}

Result<bool> Camera2TcpReader::read_gzip(std::vector<std::byte>& pixels, std::size_t have) {
  compressed_.assign(pixels.begin(), pixels.begin() + static_cast<std::ptrdiff_t>(have));
  Inflater inflater(pixels);
  std::size_t total = have;
  while (true) {
    auto done = inflater.feed(compressed_);
    if (!done || *done) return done;
    compressed_.resize(kChunk);
    const auto got = stream_->receive(compressed_, 1, clock_.now() + settings_.timeout);
    if (!got) return fail(got.error());
    if (*got == 0)
      return fail(ErrorCode::Truncated,
                  fmt::format("the server stopped after {} bytes of a gzip picture", total));
    compressed_.resize(*got);
    total += *got;
  }
}

}  // namespace lenswire::client
