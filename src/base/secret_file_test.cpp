#include "base/secret_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace lenswire::base {
namespace {

class SecretFile : public testing::Test {
 protected:
  void SetUp() override {
    const int fd = ::mkstemp(path_.data());
    ASSERT_GE(fd, 0);
    ::close(fd);
  }
  void TearDown() override { ::unlink(path_.c_str()); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  [[nodiscard]] std::string error() const {
    const auto read = read_secret_file(path_, "token");
    return read ? "no error" : read.error().message;
  }

  std::string path_ = testing::TempDir() + "secret_XXXXXX";
};

TEST_F(SecretFile, IsItsFirstLine) {
  write("abc def\r\nnot this\n");
  const auto read = read_secret_file(path_, "token");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, "abc def");
}

TEST_F(SecretFile, MustBeItsOwnersAlone) {
  write("abc\n");
  ::chmod(path_.c_str(), 0604);
  EXPECT_EQ(error(), "token file " + path_ +
                         " can be read by other users; make it yours alone with `chmod 600`");
}

TEST_F(SecretFile, HasABoundAndIsNotEmpty) {
  write("\n");
  EXPECT_NE(error().find("1 to 4096 bytes"), std::string::npos);
  write(std::string(4096, 'a'));
  EXPECT_EQ(error(), "no error");
  write(std::string(4097, 'a'));
  EXPECT_NE(error().find("1 to 4096 bytes"), std::string::npos);
}

TEST_F(SecretFile, IsAPlainFileThatIsThere) {
  EXPECT_EQ(read_secret_file(testing::TempDir(), "token").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(read_secret_file(path_ + "x", "token").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace lenswire::base
