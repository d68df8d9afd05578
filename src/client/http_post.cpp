#include "client/http_post.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "client/credentials.hpp"
#include "wire/depth_limit.hpp"
#include "wire/mjpeg_pull/response_head.hpp"

namespace lenswire::client {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{256} << 10;

}  // namespace

ErrorCode code_of_status(int status) noexcept {
  if (status == 401 || status == 403) return ErrorCode::PermissionDenied;
  if (status == 404) return ErrorCode::NotFound;
  if (status == 429 || status == 503) return ErrorCode::Busy;
  return status == 400 || status == 422 || status == 501 ? ErrorCode::Unsupported
                                                         : ErrorCode::Disconnected;
}

Result<std::string> post(net::ClientStream& stream, const base::LenswireUrl& url,
                         const std::string& target, std::string_view content_type,
                         std::string_view body, const ClientSettings& settings,
                         MonotonicTime deadline) {
  auto token = read_token(settings);
  if (!token) return fail(std::move(token).error());
  const auto request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}"
      "Connection: close\r\n\r\n{}",
      target, net::host_and_port(url.host, url.port), content_type, body.size(),
      token->empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", *token), body);
  if (auto sent = stream.send(std::as_bytes(std::span(request)), deadline); !sent)
    return fail(std::move(sent).error());
  wire::mjpeg_pull::ResponseHead head;
  std::string answer;
  std::size_t wanted = 0;
  bool in_body = false;
  while (!in_body || answer.size() < wanted) {
    std::array<std::byte, 4096> buffer;
    const auto got = stream.receive(buffer, 1, deadline);
    if (!got) return fail(got.error());
    if (*got == 0) return fail(ErrorCode::Timeout, "the server does not answer");
    auto bytes = std::span<const std::byte>(buffer).first(*got);
    if (!in_body) {
      const auto whole = head.read(bytes);
      if (!whole) return fail(whole.error());
      if (!*whole) continue;
      in_body = true;
      const auto length = head.header("Content-Length");
      const auto [end, error] =
          std::from_chars(length.data(), length.data() + length.size(), wanted);
      if (error != std::errc() || end != length.data() + length.size() || wanted > kMaxAnswerBytes)
        return fail(ErrorCode::InvalidArgument, "the server's answer has no length");
    }
    answer.append(reinterpret_cast<const char*>(bytes.data()),
                  std::min(bytes.size(), wanted - answer.size()));
  }
  if (head.status() / 100 == 2) return answer;
  const auto map = wire::parse_json_object(answer);
  const auto message = map ? map->value("message", nlohmann::json()) : nlohmann::json();
  return fail(code_of_status(head.status()),
              message.is_string() ? message.get<std::string>()
                                  : fmt::format("the server answered HTTP {}", head.status()));
}

}  // namespace lenswire::client
