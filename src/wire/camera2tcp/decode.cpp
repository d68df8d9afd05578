#include "wire/camera2tcp/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <lenswire/frame.hpp>

namespace lenswire::wire::camera2tcp {
namespace {

using Kind = Request::Kind;

struct Word {
  std::string_view text;
  Request request;
};

// The newest words first, in the order of Service; then those from before April 2017.
constexpr std::array kWords = {
    Word{"RGBWebcam", {Kind::Picture, Service::RgbWebcam}},
    Word{"SimpleImage", {Kind::Picture, Service::SimpleImage}},
    Word{"KinectWebcam", {Kind::Picture, Service::KinectWebcam}},
    Word{"KinectDepth", {Kind::Picture, Service::KinectDepth}},
    Word{"KinectSkeleton", {Kind::Picture, Service::KinectSkeleton}},
    Word{"Connecting2RGBWebcam", {Kind::Geometry, Service::RgbWebcam}},
    Word{"Connecting2SimpleImage", {Kind::Geometry, Service::SimpleImage}},
    Word{"Connecting2KinectWebcam", {Kind::Geometry, Service::KinectWebcam}},
    Word{"Connecting2KinectDepth", {Kind::Geometry, Service::KinectDepth}},
    Word{"Connecting2KinectSkeleton", {Kind::Geometry, Service::KinectSkeleton}},
    Word{"RGB", {Kind::Picture, Service::RgbWebcam}},
    Word{"RGBHD", {Kind::Picture, Service::KinectWebcam}},
    Word{"Depth", {Kind::Picture, Service::KinectDepth}},
    Word{"Skeleton", {Kind::Picture, Service::KinectSkeleton}},
};

bool is_separator(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }

std::uint32_t& part(Geometry& geometry, Service service, std::size_t index) noexcept {
  const bool width_first = service == Service::KinectDepth;
  if (index == 2) return geometry.channels;
  return (index == 0) != width_first ? geometry.rows : geometry.columns;
}

}  // namespace

std::string_view to_string(Service service) noexcept {
  return kWords[static_cast<std::size_t>(service)].text;
}

std::string_view geometry_request(Service service) noexcept {
  return kWords[kServices + static_cast<std::size_t>(service)].text;
}

std::optional<Service> service_from_word(std::string_view word) noexcept {
  for (const auto& known : kWords)
    if (known.text == word && known.request.kind == Kind::Picture) return known.request.service;
  return std::nullopt;
}

std::size_t RequestParser::feed(std::span<const std::byte> bytes) noexcept {
  const auto taken = std::min(bytes.size(), kept_.size() - size_);
  if (taken > 0) std::memcpy(kept_.data() + size_, bytes.data(), taken);
  size_ += taken;
  return taken;
}

void RequestParser::drop(std::size_t bytes) noexcept {
  size_ -= bytes;
  std::memmove(kept_.data(), kept_.data() + bytes, size_);
}

void RequestParser::drop_separators() noexcept {
  const auto front = text();
  const auto end = std::find_if_not(front.begin(), front.end(), is_separator);
  drop(static_cast<std::size_t>(end - front.begin()));
}

RequestParser::Match RequestParser::match(std::string_view text) noexcept {
  Match best;
  for (const auto& word : kWords) {
    if (text.starts_with(word.text) && word.text.size() > best.length) {
      best.length = word.text.size();
      best.request = word.request;
    }
    if (word.text.size() > text.size() && word.text.starts_with(text)) best.may_grow = true;
  }
  return best;
}

std::optional<Request> RequestParser::next() noexcept {
  drop_separators();
  if (size_ == 0) {
    in_unknown_ = false;
    return std::nullopt;
  }
  const auto front = match(text());
  if (front.may_grow) return std::nullopt;
  if (front.length > 0) {
    in_unknown_ = false;
    drop(front.length);
    return front.request;
  }
  std::size_t skipped = 1;
  while (skipped < size_) {
    const auto there = match(text().substr(skipped));
    if (there.length > 0 || there.may_grow) break;
    ++skipped;
  }
  drop(skipped);
  if (std::exchange(in_unknown_, size_ > 0)) return next();
  return Request{};
}

RequestParser::Open RequestParser::open() const noexcept {
  if (size_ == 0) return Open::Nothing;
  return match(text()).length > 0 ? Open::Word : Open::Beginning;
}

std::optional<Request> RequestParser::settle() noexcept {
  drop_separators();
  if (size_ == 0) return std::nullopt;
  const auto front = match(text());
  if (front.length > 0) {
    in_unknown_ = false;
    drop(front.length);
    return front.request;
  }
  size_ = 0;
  if (std::exchange(in_unknown_, false)) return std::nullopt;
  return Request{};
}

Result<Geometry> parse_geometry(Service service, std::string_view answer) {
  while (!answer.empty() && is_separator(answer.back())) answer.remove_suffix(1);
  if (answer == kNoService)
    return fail(ErrorCode::NotFound,
                fmt::format("the server has no camera for {}", to_string(service)));
  // The service's own word for it has a capital R.
  if (answer == kInvalidRequest || answer == "Invalid Request")
    return fail(ErrorCode::Unsupported,
                fmt::format("the server does not know {}", to_string(service)));
  Geometry geometry;
  auto rest = answer;
  for (std::size_t i = 0; i < 3; ++i) {
    auto& number = part(geometry, service, i);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const auto used = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc() || number == 0 || number > 65535)
      return fail(
          rest.empty() && error != std::errc() ? ErrorCode::Truncated : ErrorCode::InvalidArgument,
          "the server's geometry is not `rows,columns,channels`");
    rest.remove_prefix(used);
    if (i == 2) break;
    if (rest.empty()) return fail(ErrorCode::Truncated, "the server's geometry is incomplete");
    if (rest.front() != ',')
      return fail(ErrorCode::InvalidArgument,
                  "the server's geometry is not `rows,columns,channels`");
    rest.remove_prefix(1);
  }
  if (!rest.empty())
    return fail(ErrorCode::InvalidArgument, "the server's geometry has more than three parts");
  if (geometry.channels > 4 || picture_bytes(service, geometry) > kMaxFrameBytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the server's pictures are too large: {} rows, {} columns, {} channels",
                            geometry.rows, geometry.columns, geometry.channels));
  return geometry;
}

}  // namespace lenswire::wire::camera2tcp
