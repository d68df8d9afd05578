#include "server/access.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace lenswire::server {
namespace {

const net::Address kLocal{"127.0.0.1", 1000};
const net::Address kRemote{"192.0.2.7", 1000};
constexpr auto kToken = "0123456789abcdef0123456789abcdef";

Access::Settings with_token() {
  Access::Settings settings;
  settings.token = kToken;
  return settings;
}

}  // namespace

TEST(Access, AsksLoopbackForNothingUnlessToldTo) {
  const base::ManualClock clock;
  Access access(with_token(), clock);
  EXPECT_EQ(access.authorize({kLocal, false, false}, "").value(), Role::Admin);
  EXPECT_FALSE(access.authorize({kLocal, false, true}, "")) << "a proxy speaks for a stranger";
  auto settings = with_token();
  settings.mode = AuthMode::Always;
  Access strict(settings, clock);
  EXPECT_FALSE(strict.authorize({kLocal, false, false}, ""));
  EXPECT_TRUE(strict.authorize({kLocal, false, false}, kToken));
}

TEST(Access, RemoteNeedsTlsAndTheToken) {
  const base::ManualClock clock;
  Access access(with_token(), clock);
  const auto plain = access.authorize({kRemote, false, false}, kToken);
  ASSERT_FALSE(plain);
  EXPECT_NE(plain.error().message.find("TLS"), std::string::npos);
  EXPECT_TRUE(access.authorize({kRemote, true, false}, kToken));
  const auto wrong = access.authorize({kRemote, true, false}, "0123");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message.find("0123"), std::string::npos) << "no secrets in messages";
}

TEST(Access, InsecureLanLetsEverybodyIn) {
  const base::ManualClock clock;
  Access::Settings settings;
  settings.insecure_lan = true;
  Access access(settings, clock);
  EXPECT_TRUE(access.authorize({kRemote, false, false}, ""));
}

TEST(Access, WithoutATokenNobodyLogsIn) {
  const base::ManualClock clock;
  Access access({}, clock);
  EXPECT_FALSE(access.authorize({kRemote, true, false}, ""));
}

TEST(Access, BlocksAfterTenFailedLoginsAndForgivesWithTime) {
  base::ManualClock clock;
  Access access(with_token(), clock);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(access.authorize({kRemote, true, false}, "wrong").error().code,
              ErrorCode::PermissionDenied);
    clock.advance(std::chrono::milliseconds(10));  // real attempts take time, which forgives a bit
  }
  EXPECT_EQ(access.authorize({kRemote, true, false}, kToken).error().code, ErrorCode::Busy);
  const net::Address other{"192.0.2.8", 1};
  EXPECT_TRUE(access.authorize({other, true, false}, kToken));
  clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE(access.authorize({kRemote, true, false}, kToken));
}

TEST(Access, TicketsOpenOneStreamForAMinute) {
  base::ManualClock clock;
  Access access(with_token(), clock);
  const auto ticket = access.issue_ticket("cam", "depth");
  EXPECT_TRUE(access.ticket_allows(ticket, "cam", "depth"));
  EXPECT_FALSE(access.ticket_allows(ticket, "cam", "color"));
  EXPECT_FALSE(access.ticket_allows("", "cam", "depth"));
  clock.advance(std::chrono::seconds(61));
  EXPECT_FALSE(access.ticket_allows(ticket, "cam", "depth"));
}

TEST(Access, KnowsLiteralHostsAndConfiguredNames) {
  const base::ManualClock clock;
  Access::Settings settings;
  settings.host_names.insert("cam.lab");
  Access access(settings, clock);
  for (const auto* host : {"127.0.0.1:6480", "localhost", "[::1]:6480", "10.0.0.5", "cam.lab:80"})
    EXPECT_TRUE(access.host_known(host)) << host;
  for (const auto* host : {"evil.example", "cam.lab.evil.example", "", ":80", "127.0.0.1.evil"})
    EXPECT_FALSE(access.host_known(host)) << host;
}

TEST(Access, OriginMustBeTheHost) {
  EXPECT_TRUE(Access::same_origin("", "a:1"));
  EXPECT_TRUE(Access::same_origin("http://a:1", "a:1"));
  EXPECT_TRUE(Access::same_origin("https://a", "a"));
  EXPECT_FALSE(Access::same_origin("http://b", "a"));
  EXPECT_FALSE(Access::same_origin("null", "a"));
  EXPECT_FALSE(Access::same_origin("file://a", "a"));
}

TEST(TokenFile, IsMadeOnceAndMustBePrivate) {
  std::string folder = "/tmp/lenswire-token-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto file = folder + "/token";
  const auto made = load_or_create_token(file);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 64U);
  EXPECT_EQ(load_or_create_token(file).value(), *made);
  ::chmod(file.c_str(), 0644);
  const auto open = load_or_create_token(file);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, ErrorCode::PermissionDenied);
  EXPECT_FALSE(load_or_create_token(folder + "/no/such/token"));
  ::unlink(file.c_str());
  ::rmdir(folder.c_str());
}

}  // namespace lenswire::server
