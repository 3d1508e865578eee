#include "apiserver/grpc/peer_identity.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <map>
#include <mutex>

#include "absl/strings/escaping.h"

namespace apiserver::grpc {
namespace {

constexpr size_t kRemembered = 4096;

std::vector<std::string> Entries(X509_NAME* name, int nid) {
  std::vector<std::string> values;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) values.emplace_back(reinterpret_cast<char*>(text), size);
    OPENSSL_free(text);
  }
  return values;
}

bool Parse(absl::string_view pem, pipeline::Credentials* c) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* cert = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (cert == nullptr) return false;
  X509_NAME* subject = X509_get_subject_name(cert);
  c->has_certificate = true;
  if (const auto cn = Entries(subject, NID_commonName); !cn.empty()) c->common_name = cn.back();
  c->organizations = Entries(subject, NID_organizationName);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(cert, EVP_sha256(), digest, &size) == 1) {
    c->certificate_fingerprint = absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
  }
  std::tm expires{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &expires) == 1) c->certificate_expires = timegm(&expires);
  X509_free(cert);
  return true;
}

}  // namespace

bool ReadCertificate(absl::string_view pem, pipeline::Credentials* credentials) {
  static auto* mu = new std::mutex;
  static auto* known = new std::map<std::string, pipeline::Credentials, std::less<>>;
  {
    const std::lock_guard lock(*mu);
    const auto it = known->find(pem);
    if (it != known->end()) {
      *credentials = it->second;
      return true;
    }
  }
  if (!Parse(pem, credentials)) return false;
  const std::lock_guard lock(*mu);
  if (known->size() >= kRemembered) known->clear();
  known->emplace(std::string(pem), *credentials);
  return true;
}

}  // namespace apiserver::grpc
