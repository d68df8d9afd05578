#include "cli/serve_config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lenswire::cli {
namespace {

std::string error_of(std::string_view text) {
  ServerSettings settings;
  const auto read = parse_serve_config(text, "/etc/lw.toml", settings);
  return read ? "no error" : read.error().message;
}

TEST(ServeConfig, ReadsEveryKey) {
  ServerSettings settings;
  const auto read = parse_serve_config(R"(
name = "bench"
listen = ["127.0.0.1:1", "[::1]:2"]
insecure_lan = true
auth = "always"
state_dir = "/s"
cert = "/c"
key = "/k"
host_names = ["a.example"]
linger_s = 2.5
io_threads = 3
encoder_threads = 4
max_connections = 5
rtc_stun = "s:1"
rtc_turn = ["u@t:2"]
rtc_turn_password_file = "/p"
[[camera]]
name = "front"
uri = "v4l2:/dev/video0"
always_on = true
[[camera]]
name = "room"
uri = "synthetic:room"
)",
                                       "f", settings);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(settings.name, "bench");
  EXPECT_EQ(settings.listen, (std::vector<std::string>{"127.0.0.1:1", "[::1]:2"}));
  EXPECT_TRUE(settings.insecure_lan);
  EXPECT_EQ(settings.auth, AuthMode::Always);
  EXPECT_EQ(settings.state_dir, "/s");
  EXPECT_EQ(settings.certificate_file, "/c");
  EXPECT_EQ(settings.key_file, "/k");
  EXPECT_EQ(settings.host_names, std::vector<std::string>{"a.example"});
  EXPECT_EQ(settings.linger_s, 2.5);
  EXPECT_EQ(settings.io_threads, 3U);
  EXPECT_EQ(settings.encoder_threads, 4U);
  EXPECT_EQ(settings.max_connections, 5U);
  EXPECT_EQ(settings.rtc.stun, "s:1");
  EXPECT_EQ(settings.rtc.turn, std::vector<std::string>{"u@t:2"});
  EXPECT_EQ(settings.rtc.turn_password_file, "/p");
  ASSERT_EQ(settings.cameras.size(), 2U);
  EXPECT_EQ(settings.cameras[0].name, "front");
  EXPECT_EQ(settings.cameras[0].uri, "v4l2:/dev/video0");
  EXPECT_TRUE(settings.cameras[0].always_on);
  EXPECT_FALSE(settings.cameras[1].always_on);
}

TEST(ServeConfig, WhatTheFileDoesNotNameStays) {
  ServerSettings settings;
  settings.name = "kept";
  settings.cameras = {{"a", "synthetic:ball", false}};
  ASSERT_TRUE(parse_serve_config("io_threads = 2", "f", settings));
  EXPECT_EQ(settings.name, "kept");
  EXPECT_EQ(settings.cameras.size(), 1U);
}

TEST(ServeConfig, ErrorsNameFileLineAndKey) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"\nname = 5", "/etc/lw.toml, line 2: name must be a text"},
      {"listen = \"x\"", "/etc/lw.toml, line 1: listen must be a list of texts"},
      {"listen = [\n\"a\",\n7]", "/etc/lw.toml, line 3: listen must be a list of texts"},
      {"insecure_lan = 1", "/etc/lw.toml, line 1: insecure_lan must be true or false"},
      {"linger_s = -1", "/etc/lw.toml, line 1: linger_s must be a number from 0 to 1000000"},
      {"io_threads = 65", "/etc/lw.toml, line 1: io_threads must be a whole number from 0 to 64"},
      {"io_threads = 1.5", "/etc/lw.toml, line 1: io_threads must be a whole number from 0 to 64"},
      {"\nauth = \"never\"", "/etc/lw.toml, line 2: auth must be \"remote\" or \"always\""},
      {"auth = true", "/etc/lw.toml, line 1: auth must be \"remote\" or \"always\""},
      {"camera = 1", "/etc/lw.toml, line 1: camera must be tables, as in [[camera]]"},
      {"[[camera]]\nname = \"a\"\nurl = \"b\"",
       "/etc/lw.toml, line 3: unknown key 'url'; known here: name, uri, always_on"},
      {"[[camera]]\nname = 1\nuri = \"b\"", "/etc/lw.toml, line 2: name must be a text"},
      {"\n[[camera]]\nname = \"a\"", "/etc/lw.toml, line 2: uri is missing"},
      {"[[camera]]\nuri = \"a\"", "/etc/lw.toml, line 1: name is missing"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error_of(text), message);
  EXPECT_TRUE(error_of("port = 1").starts_with("/etc/lw.toml, line 1: unknown key 'port'; known"));
  EXPECT_TRUE(error_of("\n\nname = ").starts_with("/etc/lw.toml, line 3: "));
}

TEST(ServeConfig, ErrorsOfTheFileItself) {
  ServerSettings settings;
  const auto missing = read_serve_config("/nonexistent/lw.toml", settings);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_NE(missing.error().message.find("/nonexistent/lw.toml"), std::string::npos);
  const auto folder = read_serve_config(std::filesystem::temp_directory_path(), settings);
  ASSERT_FALSE(folder);
}

TEST(ServeConfig, AFileWithAPasswordIsItsOwnersAlone) {
  std::string path = testing::TempDir() + "serve_config_XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ::close(fd);
  const auto read = [&](const char* text) {
    std::ofstream(path) << text;
    ServerSettings settings;
    return read_serve_config(path, settings);
  };
  EXPECT_TRUE(read("rtc_turn = [\"lens:hunter2@turn\"]"));
  ::chmod(path.c_str(), 0644);
  EXPECT_TRUE(read("rtc_turn = [\"lens@turn\"]"));
  const auto refused = read("rtc_turn = [\"lens:hunter2@turn\"]");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::PermissionDenied);
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  ::unlink(path.c_str());
}

TEST(ServeConfig, TheCameraOptionIsNameAndUri) {
  const auto camera = parse_camera_option("front=v4l2:/dev/video0?size=1x1");
  ASSERT_TRUE(camera);
  EXPECT_EQ(camera->name, "front");
  EXPECT_EQ(camera->uri, "v4l2:/dev/video0?size=1x1");
  for (const char* bad : {"front", "=x", "front="}) {
    const auto refused = parse_camera_option(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find("NAME=URI"), std::string::npos);
  }
}

}  // namespace
}  // namespace lenswire::cli
