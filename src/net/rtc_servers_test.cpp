#include "net/rtc_servers.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace lenswire::net {
namespace {

std::string error_of(const RtcServers& servers) {
  const auto parsed = rtc_peer_settings(servers);
  return parsed ? "no error" : parsed.error().message;
}

TEST(RtcServers, AreNoneUnlessNamed) {
  const auto settings = rtc_peer_settings({});
  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->stun);
  EXPECT_TRUE(settings->turn.empty());
  EXPECT_FALSE(settings->relay_only);
}

TEST(RtcServers, HaveHostsPortsUsersAndPasswords) {
  RtcServers servers;
  servers.stun = "stun.example.org";
  servers.turn = {"lens:wire@10.0.0.1", "a:b:c@d@[2001:db8::1]:5349"};
  const auto settings = rtc_peer_settings(servers);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->stun->host, "stun.example.org");
  EXPECT_EQ(settings->stun->port, 3478);
  ASSERT_EQ(settings->turn.size(), 2U);
  EXPECT_EQ(settings->turn[0].host, "10.0.0.1");
  EXPECT_EQ(settings->turn[0].port, 3478);
  EXPECT_EQ(settings->turn[0].user, "lens");
  EXPECT_EQ(settings->turn[0].password, "wire");
  EXPECT_EQ(settings->turn[1].host, "2001:db8::1");
  EXPECT_EQ(settings->turn[1].port, 5349);
  EXPECT_EQ(settings->turn[1].user, "a");
  EXPECT_EQ(settings->turn[1].password, "b:c@d");
}

TEST(RtcServers, MistakesAreNamedWithoutAnythingThatMayBeAPassword) {
  for (const auto* text :
       {"host:", "host:0", "host:65536", "host:3478x", "a b", "[::1", "::1", "["}) {
    EXPECT_NE(error_of({text, {}, {}}).find("expected HOST[:PORT]"), std::string::npos) << text;
    const auto error = error_of({{}, {std::string("lens:hunter2@") + text}, {}});
    EXPECT_NE(error.find("expected USER:PASSWORD@HOST[:PORT]"), std::string::npos) << text;
    EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
  }
  EXPECT_TRUE(has_password("lens:hunter2@h"));
  EXPECT_FALSE(has_password("lens@h:3478"));
  for (const auto* text : {"lens:hunter2", "hunter2", ":hunter2@host", "lens:hunter2@", ""}) {
    const auto error = error_of({{}, {text}, {}});
    EXPECT_NE(error.find("TURN server"), std::string::npos) << error;
    EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
  }
  EXPECT_EQ(error_of({"lens:hunter2@h h", {}, {}}).find("hunter2"), std::string::npos);
  EXPECT_NE(error_of({{}, {"lens@host"}, {}}).find("password is missing"), std::string::npos);
  EXPECT_NE(error_of({{}, {"lens:@host"}, {}}).find("password is missing"), std::string::npos);
}

TEST(RtcServers, AreFourTurnServersAtMost) {
  RtcServers servers;
  servers.turn.assign(kMaxTurnServers, "lens:wire@host");
  EXPECT_TRUE(rtc_peer_settings(servers));
  servers.turn.emplace_back("lens:wire@host");
  EXPECT_NE(error_of(servers).find("more than 4"), std::string::npos);
}

TEST(RtcServers, APasswordMayComeFromAFile) {
  std::string path = testing::TempDir() + "turn_password_XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ::close(fd);
  std::ofstream(path) << "from the file\n";
  RtcServers servers;
  servers.turn = {"lens@one", "lens:own@two"};
  servers.turn_password_file = path;
  const auto settings = rtc_peer_settings(servers);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->turn[0].password, "from the file");
  EXPECT_EQ(settings->turn[1].password, "own");
  ::chmod(path.c_str(), 0640);
  EXPECT_NE(error_of(servers).find("TURN password file"), std::string::npos);
  servers.turn = {"lens:own@two"};
  EXPECT_EQ(error_of(servers), "no error") << "nothing needs the file";
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace lenswire::net
