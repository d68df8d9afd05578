#include "server/gps_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

#include <fmt/format.h>

namespace lenswire::server {
namespace {

using namespace std::chrono_literals;
using wire::gps::FixState;

// Generous: what takes this long never comes.
constexpr auto kLimit = 30s;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

// The far end of a serial line.
class Receiver {
 public:
  Receiver() : fd_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    ::grantpt(fd_.get());
    ::unlockpt(fd_.get());
    std::array<char, 128> name{};
    ::ptsname_r(fd_.get(), name.data(), name.size());
    device_ = name.data();
  }
  [[nodiscard]] const std::string& device() const { return device_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  void say(std::string_view text) {
    ASSERT_EQ(::write(fd_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void unplug() { fd_.reset(); }

 private:
  base::UniqueFd fd_;
  std::string device_;
};

constexpr std::string_view kFix =
    "$GPRMC,123519,A,6010.19142,N,02456.30274,E,1.5,084.4,230394,003.1,W*67\r\n";

GpsSource source(std::string_view text) { return GpsSource::parse(text).value(); }

TEST(GpsSource, ReadsWhatUsersWrite) {
  EXPECT_EQ(source("/dev/ttyUSB0").kind, GpsSource::Kind::Serial);
  EXPECT_EQ(source("gpsd://localhost").port, 2947);
  EXPECT_EQ(source("gpsd://[::1]:3000").place, "::1");
  const auto fixed = source("fixed:60.169857,24.938379,1.5").fixed;
  EXPECT_EQ(fixed, (wire::gps::Reading{FixState::Fix, 60.169857, 24.938379, 1.5}));
  EXPECT_EQ(source("fixed:-1,-2").fixed.speed_knots, std::nullopt);
  for (const auto* text :
       {"", "ttyUSB0", "fixed:", "fixed:1", "fixed:91,0", "fixed:0,181", "fixed:1,2,-3",
        "fixed:1,2,3,4", "fixed:1,2,x", "fixed:nan,2", "gpsd://"})
    EXPECT_FALSE(GpsSource::parse(text)) << text;
}

TEST(GpsReader, AFixedPositionIsThereAtOnce) {
  GpsReader reader(source("fixed:1,2"));
  EXPECT_EQ(reader.latest().state, FixState::Waiting);
  reader.start();
  EXPECT_EQ(reader.latest().state, FixState::Fix);
}

TEST(GpsReader, ReadsASerialReceiverAt9600Baud) {
  Receiver receiver;
  GpsReader reader(source(receiver.device()));
  reader.start();
  // A terminal drops what is written before its other end has set it up.
  termios settings{};
  ASSERT_TRUE(eventually([&] {
    return ::tcgetattr(receiver.fd(), &settings) == 0 && ::cfgetispeed(&settings) == B9600 &&
           (settings.c_lflag & ICANON) == 0;
  }));
  receiver.say("noise\r\n");
  receiver.say(kFix);
  ASSERT_TRUE(eventually([&] { return reader.latest().state == FixState::Fix; }));
  EXPECT_EQ(reader.latest().speed_knots, 1.5);
  receiver.say("$GPRMC,,V,,,,,,,,,*31\r\n");
  EXPECT_TRUE(eventually([&] { return reader.latest().state == FixState::NoFix; }));
  receiver.say(kFix);
  ASSERT_TRUE(eventually([&] { return reader.latest().state == FixState::Fix; }));
  receiver.unplug();
  EXPECT_TRUE(eventually([&] { return reader.latest().state == FixState::NoDevice; }));
}

TEST(GpsReader, TellsThatThereIsNoDevice) {
  for (const auto* text : {"/dev/there-is-none", "/dev/null"}) {
    GpsReader reader(source(text));
    reader.start();
    EXPECT_TRUE(eventually([&] { return reader.latest().state == FixState::NoDevice; })) << text;
  }
}

// Listens, and does with each connection what it is told.
class FakeGpsd {
 public:
  FakeGpsd() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 4);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] GpsSource where() const {
    return source(fmt::format("gpsd://127.0.0.1:{}", port_));
  }
  [[nodiscard]] base::UniqueFd accept() const {
    return base::UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  base::UniqueFd listener_;
  std::uint16_t port_ = 0;
};

void say(const base::UniqueFd& peer, std::string_view text) {
  ASSERT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

TEST(GpsReader, AsksGpsdAndComesBackToIt) {
  const FakeGpsd gpsd;
  GpsReader reader(gpsd.where());
  reader.start();
  auto peer = gpsd.accept();
  std::string asked(64, '\0');
  asked.resize(static_cast<std::size_t>(::recv(peer.get(), asked.data(), asked.size(), 0)));
  EXPECT_TRUE(asked.starts_with("?WATCH={\"enable\":true,\"json\":true}"));
  say(peer, "{\"class\":\"DEVICES\",\"devices\":[]}\n");
  EXPECT_TRUE(eventually([&] { return reader.latest().state == FixState::NoDevice; }));
  say(peer, "{\"class\":\"TPV\",\"mode\":3,\"lat\":1.5,\"lon\":2.5,\"speed\":1.0}\n");
  ASSERT_TRUE(eventually([&] { return reader.latest().state == FixState::Fix; }));
  EXPECT_EQ(reader.latest().speed_knots, 1.94);
  peer.reset();
  EXPECT_TRUE(eventually([&] { return reader.latest().state == FixState::NoDevice; }));
  peer = gpsd.accept();
  say(peer, "{\"class\":\"TPV\",\"mode\":1}\n");
  EXPECT_TRUE(eventually([&] { return reader.latest().state == FixState::NoFix; }));
}

TEST(GpsReader, StopsWhileGpsdSaysNothing) {
  const FakeGpsd gpsd;
  GpsReader reader(gpsd.where());
  reader.start();
  const auto peer = gpsd.accept();
  const auto began = std::chrono::steady_clock::now();
  reader.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
}

}  // namespace
}  // namespace lenswire::server
