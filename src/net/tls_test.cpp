#include "net/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace lenswire::net {
namespace {

class TlsServerContexts : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lenswire_tls_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

  void expect_refused(const std::string& certificate, const std::string& key, ErrorCode code,
                      const std::string& part) const {
    const auto context = TlsServerContext::load(certificate, key);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, code) << context.error().message;
    EXPECT_NE(context.error().message.find(part), std::string::npos) << context.error().message;
  }

  // A pair that signs itself and is valid until `seconds` from now.
  void write_pair(const std::string& certificate_file, const std::string& key_file, long seconds) {
    auto* key = EVP_EC_gen("P-256");
    auto* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    auto* out = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    out = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  std::filesystem::path folder_;
};

TEST_F(TlsServerContexts, MakesAPairOnceWithAPrivateKeyFile) {
  const auto made = TlsServerContext::load_or_create(file("c.pem"), file("k.pem"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ((*made)->fingerprint().size(), 64U);
  struct stat info {};
  ASSERT_EQ(::stat(file("k.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto again = TlsServerContext::load_or_create(file("c.pem"), file("k.pem"));
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->fingerprint(), (*made)->fingerprint());
}

TEST_F(TlsServerContexts, DoesNotOverwriteHalfAPair) {
  std::ofstream(file("k.pem")) << "precious";
  const auto made = TlsServerContext::load_or_create(file("c.pem"), file("k.pem"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::NotFound);
  EXPECT_NE(made.error().message.find(file("c.pem")), std::string::npos);
}

TEST_F(TlsServerContexts, NamesAFolderItMayNotWrite) {
  const auto made = TlsServerContext::load_or_create(file("no/c.pem"), file("no/k.pem"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::PermissionDenied);
  EXPECT_NE(made.error().message.find(file("no/k.pem")), std::string::npos);
}

TEST_F(TlsServerContexts, NamesTheFileThatIsWrong) {
  write_pair(file("c.pem"), file("k.pem"), 3600);
  write_pair(file("other_c.pem"), file("other_k.pem"), 3600);
  write_pair(file("old_c.pem"), file("old_k.pem"), -3600);
  std::ofstream(file("noise.pem")) << "no PEM";
  ASSERT_TRUE(TlsServerContext::load(file("c.pem"), file("k.pem")));
  expect_refused(file("none.pem"), file("k.pem"), ErrorCode::NotFound, file("none.pem"));
  expect_refused(file("c.pem"), file("none.pem"), ErrorCode::NotFound, file("none.pem"));
  expect_refused(file("noise.pem"), file("k.pem"), ErrorCode::InvalidArgument,
                 file("noise.pem") + " is not a PEM certificate");
  expect_refused(file("c.pem"), file("noise.pem"), ErrorCode::InvalidArgument,
                 file("noise.pem") + " is not the PEM key of " + file("c.pem"));
  expect_refused(file("c.pem"), file("other_k.pem"), ErrorCode::InvalidArgument,
                 file("other_k.pem") + " is not the PEM key of " + file("c.pem"));
  expect_refused(file("old_c.pem"), file("old_k.pem"), ErrorCode::InvalidArgument, "expired");
}

TEST_F(TlsServerContexts, AKeyWithAPasswordIsAnError) {
  write_pair(file("c.pem"), file("k.pem"), 3600);
  auto* in = std::fopen(file("k.pem").c_str(), "r");
  auto* key = PEM_read_PrivateKey(in, nullptr, nullptr, nullptr);
  std::fclose(in);
  auto* out = std::fopen(file("locked.pem").c_str(), "w");
  const unsigned char password[] = "secret";
  PEM_write_PrivateKey(out, key, EVP_aes_128_cbc(), password, 6, nullptr, nullptr);
  std::fclose(out);
  EVP_PKEY_free(key);
  expect_refused(file("c.pem"), file("locked.pem"), ErrorCode::InvalidArgument, file("locked.pem"));
}

}  // namespace
}  // namespace lenswire::net
