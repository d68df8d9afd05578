#include "modules/webrtc/certificate.hpp"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <cstring>

namespace lenswire::webrtc {
namespace {

constexpr long kLifetimeSeconds = 30L * 24 * 3600;

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

std::unique_ptr<X509, FreeCertificate> sign(EVP_PKEY* key) {
  std::unique_ptr<X509, FreeCertificate> out(X509_new());
  if (!out) return nullptr;
  // Not to be told apart by more than the key: a random number, and a name that says nothing.
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509* certificate = out.get();
  X509_NAME* name = X509_get_subject_name(certificate);
  const bool done = X509_set_version(certificate, 2) == 1 &&
                    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate), kLifetimeSeconds) != nullptr &&
                    X509_set_pubkey(certificate, key) == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                               reinterpret_cast<const unsigned char*>("WebRTC"), -1,
                                               -1, 0) == 1 &&
                    X509_set_issuer_name(certificate, name) == 1 &&
                    X509_sign(certificate, key, EVP_sha256()) > 0;
  return done ? std::move(out) : nullptr;
}

// The chain says nothing here: the fingerprint of the description is compared instead.
int take_any(int, X509_STORE_CTX*) { return 1; }

bool configure(SSL_CTX* context, X509* certificate, EVP_PKEY* key) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context,
                                 "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                 "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                 "ECDHE-RSA-AES256-GCM-SHA384") == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1 &&
         // Some peers (aiortc) give up where no SRTP profile is agreed upon, media or not.
         SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") ==
             0 &&
         SSL_CTX_use_certificate(context, certificate) == 1 &&
         SSL_CTX_use_PrivateKey(context, key) == 1;
}

}  // namespace

Fingerprint fingerprint_of(const X509* certificate) noexcept {
  Fingerprint out{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), reinterpret_cast<unsigned char*>(out.data()), &size);
  return out;
}

Result<std::shared_ptr<const Identity>> Identity::make() {
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_EC_gen("P-256"));
  const auto certificate = key ? sign(key.get()) : nullptr;
  if (!certificate) return fail(ErrorCode::Unsupported, "OpenSSL makes no key on the curve P-256");
  std::shared_ptr<Identity> out(new Identity(SSL_CTX_new(DTLS_method())));
  if (out->context_ == nullptr || !configure(out->context_, certificate.get(), key.get()))
    return fail(ErrorCode::Unsupported, "OpenSSL cannot do DTLS 1.2 with AES-GCM");
  out->fingerprint_ = fingerprint_of(certificate.get());
  return std::shared_ptr<const Identity>(std::move(out));
}

Identity::~Identity() { SSL_CTX_free(context_); }

}  // namespace lenswire::webrtc
