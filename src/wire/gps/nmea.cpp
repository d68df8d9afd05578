#include "wire/gps/nmea.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace lenswire::wire::gps {
namespace {

constexpr std::size_t kMostFields = 24;

struct Fields {
  std::array<std::string_view, kMostFields> text;
  std::size_t count = 0;

  explicit Fields(std::string_view body) {
    while (count < kMostFields) {
      const auto comma = body.find(',');
      text[count++] = body.substr(0, comma);
      if (comma == std::string_view::npos) break;
      body.remove_prefix(comma + 1);
    }
  }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return i < count ? text[i] : std::string_view();
  }
};

// Digits and at most one point: from_chars alone would also take a sign, an exponent or "nan".
std::optional<double> plain_number(std::string_view text) noexcept {
  if (text.empty() || text.size() > 20 ||
      text.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "6010.19142","N": degrees times a hundred plus minutes.
std::optional<double> degrees(std::string_view text, std::string_view side, char positive,
                              char negative, double most) noexcept {
  const auto value = plain_number(text);
  if (!value || side.size() != 1 || (side[0] != positive && side[0] != negative))
    return std::nullopt;
  const double whole = std::floor(*value / 100);
  const double minutes = *value - whole * 100;
  const double angle = whole + minutes / 60;
  if (minutes >= 60 || angle > most) return std::nullopt;
  return side[0] == positive ? angle : -angle;
}

std::optional<Reading> position(std::string_view latitude, std::string_view north_south,
                                std::string_view longitude, std::string_view east_west) noexcept {
  const auto lat = degrees(latitude, north_south, 'N', 'S', 90);
  const auto lon = degrees(longitude, east_west, 'E', 'W', 180);
  if (!lat || !lon) return std::nullopt;
  return Reading{FixState::Fix, *lat, *lon, std::nullopt};
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bool nmea_checksum_ok(std::string_view sentence) noexcept {
  if (sentence.size() < 4 || sentence.front() != '$') return false;
  const auto star = sentence.size() - 3;
  if (sentence[star] != '*') return false;
  unsigned sum = 0;
  for (const char c : sentence.substr(1, star - 1)) sum ^= static_cast<unsigned char>(c);
  const int high = hex_digit(sentence[star + 1]);
  const int low = hex_digit(sentence[star + 2]);
  return high >= 0 && low >= 0 && sum == static_cast<unsigned>(high * 16 + low);
}

std::optional<Reading> NmeaReader::on_sentence(std::string_view sentence) {
  if (!nmea_checksum_ok(sentence)) return std::nullopt;
  const Fields fields(sentence.substr(1, sentence.size() - 4));
  const auto name = fields[0];
  if (name.size() != 5) return std::nullopt;
  const auto kind = name.substr(2);
  if (kind == "RMC" && fields.count > 7) {
    // $--RMC,time,A,lat,N,lon,E,knots,course,date,...
    speed_knots_ = plain_number(fields[7]);
    if (fields[2] != "A") {
      speed_knots_.reset();
      return Reading{FixState::NoFix, 0, 0, std::nullopt};
    }
    auto reading = position(fields[3], fields[4], fields[5], fields[6]);
    if (reading) reading->speed_knots = speed_knots_;
    return reading;
  }
  if (kind == "GGA" && fields.count > 6) {
    // $--GGA,time,lat,N,lon,E,quality,...
    if (fields[6].empty() || fields[6] == "0") return Reading{FixState::NoFix, 0, 0, std::nullopt};
    auto reading = position(fields[2], fields[3], fields[4], fields[5]);
    if (reading) reading->speed_knots = speed_knots_;
    return reading;
  }
  return std::nullopt;
}

std::optional<Reading> NmeaReader::read(std::span<const std::byte>& bytes) {
  while (!bytes.empty()) {
    const char c = static_cast<char>(bytes.front());
    bytes = bytes.subspan(1);
    if (c == '$') {
      line_.assign(1, c);
      inside_ = true;
    } else if (c == '\r' || c == '\n') {
      if (!std::exchange(inside_, false)) continue;
      if (auto reading = on_sentence(line_)) return reading;
    } else if (inside_) {
      line_.push_back(c);
      if (line_.size() > kMaxSentenceBytes) inside_ = false;
    }
  }
  return std::nullopt;
}

}  // namespace lenswire::wire::gps
