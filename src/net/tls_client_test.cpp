#include "net/tls_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace lenswire::net {
namespace {

using namespace std::chrono_literals;

MonotonicTime soon() { return base::system_clock().now() + 20s; }

// A certificate for 127.0.0.1 that signs itself, made afresh: keys do not belong into a repository.
struct Identity {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();

  Identity() {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("lenswire test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  [[nodiscard]] std::string sha256() const {
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    std::string hex;
    for (const auto byte : digest) hex += fmt::format("{:02X}", byte);
    return hex;
  }
  [[nodiscard]] std::string write_pem() const {
    const auto path = fmt::format("{}lenswire_tls_{}.pem", testing::TempDir(), ::getpid());
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    return path;
  }
};

// Sends back what it gets, over one TLS connection.
class EchoServer {
 public:
  explicit EchoServer(const Identity& identity, int echoes = 1 << 30) : echoes_(echoes) {
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets_.data());
    thread_ = std::thread([this, &identity] { run(identity); });
  }
  ~EchoServer() { thread_.join(); }
  [[nodiscard]] base::UniqueFd take_client_end() {
    return base::UniqueFd(std::exchange(sockets_[0], -1));
  }

 private:
  void run(const Identity& identity) const {
    // This end of the test uses OpenSSL's plain sockets; the client's end must not need it.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, identity.certificate);
    SSL_CTX_use_PrivateKey(context, identity.key);
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, sockets_[1]);
    if (SSL_accept(ssl) == 1) {
      std::array<char, 5000> data{};
      for (int i = 0, got = 0; i < echoes_ && (got = SSL_read(ssl, data.data(), data.size())) > 0;
           ++i)
        SSL_write(ssl, data.data(), got);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    ::close(sockets_[1]);
  }

  int echoes_;
  std::array<int, 2> sockets_{};
  std::thread thread_;
};

Result<std::unique_ptr<ClientStream>> open(EchoServer& server, const TlsClientSettings& settings) {
  static base::StopSource stop;
  return make_tls_stream(server.take_client_end(), "127.0.0.1", settings, soon(), stop.token());
}

void expect_echo(Result<std::unique_ptr<ClientStream>> stream) {
  ASSERT_TRUE(stream) << stream.error().message;
  std::vector<std::byte> sent(100'000);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 7);
  for (std::size_t at = 0; at < sent.size(); at += 1000) {
    const auto piece = std::span(sent).subspan(at, 1000);
    ASSERT_TRUE((*stream)->send(piece, soon()));
    std::vector<std::byte> back(1000);
    const auto got = (*stream)->receive(back, back.size(), soon());
    ASSERT_TRUE(got);
    ASSERT_EQ(*got, back.size());
    ASSERT_TRUE(std::equal(back.begin(), back.end(), piece.begin()));
  }
  std::vector<std::byte> none(10);
  EXPECT_EQ((*stream)->receive(none, 1, base::system_clock().now()).value(), 0U);
}

}  // namespace

TEST(TlsClient, RefusesACertificateNobodyVouchesFor) {
  const Identity identity;
  EchoServer server(identity);
  const auto stream = open(server, {});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::PermissionDenied) << stream.error().message;
  EXPECT_NE(stream.error().message.find("--pin-sha256"), std::string::npos);
}

TEST(TlsClient, TrustsTheIssuersItIsGiven) {
  const Identity identity;
  const auto path = identity.write_pem();
  EchoServer server(identity);
  expect_echo(open(server, {path, "", false}));
  ::unlink(path.c_str());
}

TEST(TlsClient, WantsTheCertificateToNameTheHost) {
  const Identity identity;
  const auto path = identity.write_pem();
  EchoServer server(identity);
  base::StopSource stop;
  const auto stream = make_tls_stream(server.take_client_end(), "other.example", {path, "", false},
                                      soon(), stop.token());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::PermissionDenied);
  ::unlink(path.c_str());
}

TEST(TlsClient, AcceptsThePinnedCertificateOnly) {
  const Identity identity;
  {
    EchoServer server(identity);
    expect_echo(open(server, {"", identity.sha256(), false}));
  }
  {
    EchoServer server(identity);
    const auto stream = open(server, {"", std::string(64, 'a'), false});
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code, ErrorCode::PermissionDenied);
  }
  {
    EchoServer server(identity);
    EXPECT_EQ(open(server, {"", "short", false}).error().code, ErrorCode::InvalidArgument);
  }
}

TEST(TlsClient, SkipsTheCheckWhenTold) {
  const Identity identity;
  EchoServer server(identity);
  expect_echo(open(server, {"", "", true}));
}

TEST(TlsClient, SurvivesAServerThatIsGone) {
  const Identity identity;
  Result<std::unique_ptr<ClientStream>> stream = fail(ErrorCode::Closed, "");
  {
    EchoServer server(identity, 1);
    stream = open(server, {"", "", true});
    ASSERT_TRUE(stream);
    std::vector<std::byte> data(10);
    ASSERT_TRUE((*stream)->send(data, soon()));
    ASSERT_EQ((*stream)->receive(data, data.size(), soon()).value(), data.size());
  }
  const std::vector<std::byte> data(10);
  const auto sent = (*stream)->send(data, soon());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::Disconnected);
}

TEST(TlsClient, EndsAtTheDeadlineWhenThePeerIsSilent) {
  std::array<int, 2> sockets{};
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data());
  const base::UniqueFd other(sockets[1]);
  base::StopSource stop;
  const auto stream = make_tls_stream(base::UniqueFd(sockets[0]), "127.0.0.1", {"", "", true},
                                      base::system_clock().now() + 20ms, stop.token());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::Timeout);
}

}  // namespace lenswire::net
