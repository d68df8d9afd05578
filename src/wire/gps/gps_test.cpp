#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "wire/gps/gpsd_report.hpp"
#include "wire/gps/nmea.hpp"
#include "wire/gps/reading.hpp"

namespace lenswire::wire::gps {
namespace {

// Everything a reader finds in `text`, given in pieces of `piece` bytes.
template <typename Reader>
std::vector<Reading> readings(std::string_view text, std::size_t piece = 1000) {
  Reader reader;
  std::vector<Reading> out;
  while (!text.empty()) {
    const auto now = text.substr(0, piece);
    text.remove_prefix(now.size());
    auto bytes = std::as_bytes(std::span(now));
    while (auto reading = reader.read(bytes)) out.push_back(*reading);
  }
  return out;
}

std::string sentence(std::string_view body) {
  unsigned sum = 0;
  for (const char c : body) sum ^= static_cast<unsigned char>(c);
  return fmt::format("${}*{:02X}\r\n", body, sum);
}

TEST(LocationJson, IsByteForByteTheOriginals) {
  const Reading fix{FixState::Fix, 60.169857, 24.938379, 1.5};
  EXPECT_EQ(location_json(fix, JsonStyle::Compact),
            R"({"latitude":"60.169857","longitude":"24.938379","speed":"1.5"})");
  EXPECT_EQ(location_json(fix, JsonStyle::Spaced),
            R"({"latitude": "60.169857", "longitude": "24.938379", "speed": "1.5"})");
  EXPECT_EQ(location_json({FixState::NoFix, 0, 0, {}}, JsonStyle::Compact),
            R"({"latitude":"err","longitude":"err","speed":"err"})");
  EXPECT_EQ(location_json({FixState::NoDevice, 0, 0, {}}, JsonStyle::Compact),
            R"({"error":"An error occured when accessing GPS device."})");
  EXPECT_EQ(location_json({FixState::NoDevice, 0, 0, {}}, JsonStyle::Spaced),
            R"({"error": "An error occured when accessing GPS device."})");
  EXPECT_EQ(location_json({}, JsonStyle::Spaced), std::nullopt);
}

TEST(LocationJson, WritesSpeedsAsPythonDoes) {
  const auto speed = [](std::optional<double> knots) {
    const auto text = location_json({FixState::Fix, -1.5, -0.25, knots}, JsonStyle::Compact);
    return text->substr(text->rfind(':') + 1);
  };
  EXPECT_EQ(speed(std::nullopt), R"("None"})");
  EXPECT_EQ(speed(0.0), R"("0.0"})");
  EXPECT_EQ(speed(12.0), R"("12.0"})");
  EXPECT_EQ(speed(0.022), R"("0.022"})");
}

TEST(Nmea, ReadsPositionAndSpeed) {
  const auto text = sentence("GPRMC,123519,A,6010.19142,N,02456.30274,E,1.5,084.4,230394,003.1,W");
  for (const std::size_t piece : {1UL, 7UL, 1000UL}) {
    const auto seen = readings<NmeaReader>(text, piece);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(location_json(seen[0], JsonStyle::Compact),
              R"({"latitude":"60.169857","longitude":"24.938379","speed":"1.5"})");
  }
}

TEST(Nmea, KnowsSouthAndWestAndOtherTalkers) {
  const auto seen = readings<NmeaReader>(sentence("GNRMC,,A,3345.0,S,07030.0,W,,,,,"));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_DOUBLE_EQ(seen[0].latitude_deg, -33.75);
  EXPECT_DOUBLE_EQ(seen[0].longitude_deg, -70.5);
  EXPECT_EQ(seen[0].speed_knots, std::nullopt);
}

TEST(Nmea, KeepsTheSpeedForPositionsThatHaveNone) {
  const auto seen =
      readings<NmeaReader>(sentence("GPGGA,,6010.0,N,02456.0,E,1,08,0.9,545.4,M,46.9,M,,") +
                           sentence("GPRMC,,A,6010.0,N,02456.0,E,3.0,,,,") +
                           sentence("GPGGA,,6011.0,N,02456.0,E,1,08,0.9,545.4,M,46.9,M,,"));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].speed_knots, std::nullopt);
  EXPECT_EQ(seen[2].speed_knots, 3.0);
}

TEST(Nmea, TellsThatThereIsNoFix) {
  const auto seen =
      readings<NmeaReader>(sentence("GPRMC,,V,,,,,,,,,") + sentence("GPGGA,,,,,,0,00,,,M,,M,,"));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].state, FixState::NoFix);
  EXPECT_EQ(seen[1].state, FixState::NoFix);
}

TEST(Nmea, PassesOverWhatIsDamaged) {
  const auto good = sentence("GPRMC,,A,6010.0,N,02456.0,E,3.0,,,,");
  auto wrong_sum = good;
  wrong_sum[10] = wrong_sum[10] == '9' ? '8' : '9';
  EXPECT_TRUE(readings<NmeaReader>(wrong_sum).empty());
  EXPECT_TRUE(readings<NmeaReader>("$GPRMC,,A,6010.0,N,02456.0,E,3.0,,,,\r\n").empty());
  EXPECT_TRUE(readings<NmeaReader>(sentence("GPRMC,,A,6060.0,N,02456.0,E,3.0,,,,")).empty());
  EXPECT_TRUE(readings<NmeaReader>(sentence("GPRMC,,A,9100.0,N,02456.0,E,3.0,,,,")).empty());
  EXPECT_TRUE(readings<NmeaReader>(sentence("GPRMC,,A,-010.0,N,02456.0,E,3.0,,,,")).empty());
  EXPECT_TRUE(readings<NmeaReader>(sentence("GPRMC,,A,nan,N,02456.0,E,3.0,,,,")).empty());
  EXPECT_TRUE(readings<NmeaReader>(sentence("GPRMC,,A,6010.0,X,02456.0,E,3.0,,,,")).empty());
  EXPECT_TRUE(readings<NmeaReader>("$*00\r\n$\r\n*\r\n$GPRMC*4B\r\n").empty());
  EXPECT_EQ(readings<NmeaReader>("$GPRMC,half" + good).size(), 1U);
  EXPECT_EQ(readings<NmeaReader>(std::string(500, 'x') + '$' + std::string(500, 'y') + good).size(),
            1U);
}

TEST(Nmea, AcceptsTheLongestSentenceAndNoLonger) {
  const std::string body = "GPRMC,,A,6010.0,N,02456.0,E,3.0,,,,";
  const auto padded = [&](std::size_t bytes) {
    return sentence(body + std::string(bytes - body.size() - 4, '0'));
  };
  EXPECT_EQ(readings<NmeaReader>(padded(kMaxSentenceBytes)).size(), 1U);
  EXPECT_TRUE(readings<NmeaReader>(padded(kMaxSentenceBytes + 1)).empty());
}

TEST(Gpsd, ReadsReports) {
  const std::string text =
      "{\"class\":\"VERSION\",\"release\":\"3.22\",\"proto_major\":3}\n"
      "{\"class\":\"DEVICES\",\"devices\":[{\"class\":\"DEVICE\",\"path\":\"/dev/pts/1\"}]}\r\n"
      "{\"class\":\"TPV\",\"mode\":1}\n"
      "{\"class\":\"TPV\",\"mode\":3,\"lat\":60.169857,\"lon\":24.938379,\"speed\":0.7717}\n"
      "{\"class\":\"TPV\",\"mode\":2,\"lat\":-1.0,\"lon\":-2.0}\n"
      "{\"class\":\"DEVICES\",\"devices\":[]}\n";
  for (const std::size_t piece : {1UL, 1000UL}) {
    const auto seen = readings<GpsdReader>(text, piece);
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[0].state, FixState::NoFix);
    EXPECT_EQ(location_json(seen[1], JsonStyle::Compact),
              R"({"latitude":"60.169857","longitude":"24.938379","speed":"1.5"})");
    EXPECT_EQ(seen[2], (Reading{FixState::Fix, -1, -2, std::nullopt}));
    EXPECT_EQ(seen[3].state, FixState::NoDevice);
  }
}

TEST(Gpsd, PassesOverWhatIsDamaged) {
  EXPECT_TRUE(readings<GpsdReader>("\n{}\n[]\n{\"class\":5}\n{\"class\":\"TPV\"\nx\n").empty());
  const auto far = readings<GpsdReader>("{\"class\":\"TPV\",\"mode\":3,\"lat\":91,\"lon\":0}\n");
  ASSERT_EQ(far.size(), 1U);
  EXPECT_EQ(far[0].state, FixState::NoFix);
  const std::string good = "{\"class\":\"TPV\",\"mode\":2,\"lat\":1,\"lon\":2}\n";
  EXPECT_EQ(readings<GpsdReader>(std::string(2 * kMaxReportBytes, 'x') + "\n" + good).size(), 1U);
  EXPECT_EQ(readings<GpsdReader>(std::string(kMaxReportBytes - good.size() + 1, ' ') + good).size(),
            1U);
  EXPECT_TRUE(
      readings<GpsdReader>(std::string(kMaxReportBytes - good.size() + 2, ' ') + good).empty());
}

}  // namespace
}  // namespace lenswire::wire::gps
