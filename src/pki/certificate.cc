#include "pki/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <functional>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "pki/openssl_handles.h"

namespace pki {
namespace {

std::string Text(const std::function<int(BIO*)>& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (write(bio.get()) != 1) return "";
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}
std::string KeyText(EVP_PKEY* key) {
  return Text([key](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}
std::string CertText(X509* cert) {
  return Text([cert](BIO* out) { return PEM_write_bio_X509(out, cert); });
}

absl::Status SetSubject(X509_NAME* name, absl::string_view subject) {
  for (const absl::string_view part : absl::StrSplit(subject, '/', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (X509_NAME_add_entry_by_txt(name, std::string(pair.first).c_str(), MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(pair.second.data()),
                                   static_cast<int>(pair.second.size()), -1, 0) != 1) {
      return SslError(absl::StrCat("subject ", subject));
    }
  }
  return absl::OkStatus();
}

// A certificate with everything but extensions, issuer and signature.
absl::StatusOr<Cert> Draft(absl::string_view subject, EVP_PKEY* key) {
  Cert cert(X509_new());
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return SslError("random serial number");
  serial[0] &= 0x7f;  // positive
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert.get()));
  BN_free(number);
  X509_set_version(cert.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 86400L * kValidDays);
  X509_set_pubkey(cert.get(), key);
  RETURN_IF_ERROR(SetSubject(X509_get_subject_name(cert.get()), subject));
  return cert;
}

absl::StatusOr<Key> NewKey() {
  Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return SslError("making a key");
  return key;
}

}  // namespace

absl::StatusOr<KeyPair> MakeAuthority(absl::string_view subject) {
  ASSIGN_OR_RETURN(const Key key, NewKey());
  ASSIGN_OR_RETURN(const Cert cert, Draft(subject, key.get()));
  X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
  RETURN_IF_ERROR(Extend(cert.get(), cert.get(), NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(Extend(cert.get(), cert.get(), NID_authority_key_identifier, "keyid:always"));
  RETURN_IF_ERROR(Extend(cert.get(), cert.get(), NID_basic_constraints, "critical,CA:TRUE"));
  if (X509_sign(cert.get(), key.get(), EVP_sha256()) == 0) return SslError("signing");
  return KeyPair{KeyText(key.get()), CertText(cert.get())};
}

absl::StatusOr<KeyPair> MakeCertificate(const KeyPair& authority, const CertificateOrder& order) {
  const Bio issuer_text = Memory(authority.cert), issuer_key_text = Memory(authority.key);
  const Cert issuer(PEM_read_bio_X509(issuer_text.get(), nullptr, nullptr, nullptr));
  const Key issuer_key(PEM_read_bio_PrivateKey(issuer_key_text.get(), nullptr, nullptr, nullptr));
  if (issuer == nullptr || issuer_key == nullptr) return SslError("reading the authority");
  ASSIGN_OR_RETURN(const Key key, NewKey());
  ASSIGN_OR_RETURN(const Cert cert, Draft(order.subject, key.get()));
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer.get()));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_basic_constraints, "CA:FALSE"));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_key_usage, "digitalSignature,keyEncipherment"));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_ext_key_usage, order.usage));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_subject_alt_name, order.names));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_subject_key_identifier, "hash"));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_authority_key_identifier, "keyid"));
  if (X509_sign(cert.get(), issuer_key.get(), EVP_sha256()) == 0) return SslError("signing");
  return KeyPair{KeyText(key.get()), CertText(cert.get())};
}

absl::StatusOr<KeyPair> MakeAccountKey() {
  const Key key(EVP_RSA_gen(2048));
  if (key == nullptr) return SslError("making an RSA key");
  return KeyPair{KeyText(key.get()), Text([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key.get()); })};
}

}  // namespace pki
