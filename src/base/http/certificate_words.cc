#include "base/http/certificate_words.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace base::http {
namespace {

using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

std::string Text(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text)));
}

std::string Address(const ASN1_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return "";
  inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof(text));
  return text;
}

std::string WrongName(X509* leaf, const std::string& host) {
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)), GENERAL_NAMES_free);
  if (names == nullptr) return "x509: certificate relies on legacy Common Name field, use SANs instead";
  unsigned char address[16];
  const bool is_address = inet_pton(AF_INET, host.c_str(), address) == 1 || inet_pton(AF_INET6, host.c_str(), address) == 1;
  std::vector<std::string> known;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (is_address && name->type == GEN_IPADD) known.push_back(Address(name->d.iPAddress));
    if (!is_address && name->type == GEN_DNS) known.push_back(Text(name->d.dNSName));
  }
  if (!known.empty()) return absl::StrCat("x509: certificate is valid for ", absl::StrJoin(known, ", "), ", not ", host);
  return is_address ? absl::StrCat("x509: cannot validate certificate for ", host, " because it doesn't contain any IP SANs")
                    : absl::StrCat("x509: certificate is not valid for any names, but wanted to match ", host);
}

std::string Rfc3339(absl::Time time) { return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone()); }

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm tm{};
  ASN1_TIME_to_tm(time, &tm);
  return absl::FromTM(tm, absl::UTCTimeZone());
}

std::string WrongTime(X509* leaf) {
  const absl::Time now = absl::Now();
  constexpr char kWhat[] = "x509: certificate has expired or is not yet valid: current time ";
  if (const absl::Time first = TimeOf(X509_get0_notBefore(leaf)); now < first) return absl::StrCat(kWhat, Rfc3339(now), " is before ", Rfc3339(first));
  if (const absl::Time last = TimeOf(X509_get0_notAfter(leaf)); now > last) return absl::StrCat(kWhat, Rfc3339(now), " is after ", Rfc3339(last));
  return "";
}

// An authority of the right name that did not make the certificate is named: mixed-up authorities are the usual mistake.
std::string Candidate(SSL* ssl, X509* leaf) {
  X509_STORE* store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (authority == nullptr || X509_NAME_cmp(X509_get_subject_name(authority), X509_get_issuer_name(leaf)) != 0) continue;
    const int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(authority));
    const absl::string_view error = kind == EVP_PKEY_RSA ? "crypto/rsa: verification error" : kind == EVP_PKEY_EC ? "x509: ECDSA verification failure" : "x509: Ed25519 verification failure";
    X509_NAME* subject = X509_get_subject_name(authority);
    std::string name = "serial:";
    for (const int nid : {NID_commonName, NID_organizationName}) {
      const int at = X509_NAME_get_index_by_NID(subject, nid, -1);
      if (at < 0) continue;
      name = Text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
      break;
    }
    return absl::StrCat(" (possibly because of \"", error, "\" while trying to verify candidate authority certificate \"", name, "\")");
  }
  return "";
}

// The server's certificate that did not hold hangs on its connection: OpenSSL itself forgets it.
int Distrusted() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, [](void*, void* leaf, CRYPTO_EX_DATA*, int, long, void*) {
    X509_free(static_cast<X509*>(leaf));
  });
  return index;
}

}  // namespace

int RememberDistrusted(int holds, X509_STORE_CTX* check) {
  if (holds == 1) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* leaf = X509_STORE_CTX_get0_cert(check);
  if (ssl == nullptr || leaf == nullptr || SSL_get_ex_data(ssl, Distrusted()) != nullptr) return 0;
  X509_up_ref(leaf);
  SSL_set_ex_data(ssl, Distrusted(), leaf);
  return 0;
}

std::string WhyNotTrusted(SSL* ssl, absl::string_view name) {
  auto* leaf = static_cast<X509*>(SSL_get_ex_data(ssl, Distrusted()));
  if (leaf == nullptr) return "";
  if (std::string late = WrongTime(leaf); !late.empty()) return late;
  const std::string host(name);
  if (X509_check_ip_asc(leaf, host.c_str(), 0) != 1 && X509_check_host(leaf, host.data(), host.size(), 0, nullptr) != 1) {
    return WrongName(leaf, host);
  }
  return "x509: certificate signed by unknown authority" + Candidate(ssl, leaf);
}

}  // namespace base::http
