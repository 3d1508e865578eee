#include "pki/requests.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "pki/openssl_handles.h"

namespace pki {
namespace {

std::string Text(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(ASN1_STRING_length(text)));
}

absl::StatusOr<Request> Parse(const std::string& pem) {
  const Bio bio = Memory(pem);
  Request request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (request == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("PEM block type must be CERTIFICATE REQUEST");
  }
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) return SslError("the request's signature");
  return request;
}

// Our names of usages and OpenSSL's.
struct Usage {
  const char* name;
  const char* key_usage;
  const char* extended;
};
constexpr Usage kUsages[] = {
    {"signing", "digitalSignature", nullptr},          {"digital signature", "digitalSignature", nullptr},
    {"content commitment", "nonRepudiation", nullptr}, {"key encipherment", "keyEncipherment", nullptr},
    {"key agreement", "keyAgreement", nullptr},        {"data encipherment", "dataEncipherment", nullptr},
    {"cert sign", "keyCertSign", nullptr},             {"crl sign", "cRLSign", nullptr},
    {"encipher only", "encipherOnly", nullptr},        {"decipher only", "decipherOnly", nullptr},
    {"any", nullptr, "anyExtendedKeyUsage"},           {"server auth", nullptr, "serverAuth"},
    {"client auth", nullptr, "clientAuth"},            {"code signing", nullptr, "codeSigning"},
    {"email protection", nullptr, "emailProtection"},  {"s/mime", nullptr, "emailProtection"},
    {"timestamping", nullptr, "timeStamping"},         {"ocsp signing", nullptr, "OCSPSigning"},
};

absl::Status AddUsages(X509* cert, X509* issuer, const std::vector<std::string>& usages) {
  std::vector<std::string> key_usage, extended;
  for (const std::string& usage : usages) {
    const Usage* known = nullptr;
    for (const Usage& u : kUsages) {
      if (usage == u.name) known = &u;
    }
    if (known == nullptr) return absl::InvalidArgumentError(absl::StrCat("unrecognized usage \"", usage, "\""));
    auto& list = known->extended != nullptr ? extended : key_usage;
    const std::string name = known->extended != nullptr ? known->extended : known->key_usage;
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  }
  if (!key_usage.empty()) {
    RETURN_IF_ERROR(Extend(cert, issuer, NID_key_usage, absl::StrCat("critical,", absl::StrJoin(key_usage, ","))));
  }
  return Extend(cert, issuer, NID_ext_key_usage, absl::StrJoin(extended, ","));
}

// The request's subjectAltName, as it is.
void CopyNames(X509* cert, X509_REQ* request) {
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  const int at = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1);
  if (at >= 0) X509_add_ext(cert, X509v3_get_ext(extensions, at), -1);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

}  // namespace

absl::StatusOr<RequestFacts> ReadRequest(const std::string& pem) {
  ASSIGN_OR_RETURN(const Request request, Parse(pem));
  RequestFacts facts;
  const X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (nid == NID_commonName) facts.common_name = Text(X509_NAME_ENTRY_get_data(entry));
    if (nid == NID_organizationName) facts.organizations.push_back(Text(X509_NAME_ENTRY_get_data(entry)));
  }
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
  auto* names = static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    switch (name->type) {
      case GEN_DNS: facts.dns_names.push_back(Text(name->d.dNSName)); break;
      case GEN_IPADD: facts.ip_addresses.push_back(Text(name->d.iPAddress)); break;
      case GEN_EMAIL: facts.emails.push_back(Text(name->d.rfc822Name)); break;
      case GEN_URI: facts.uris.push_back(Text(name->d.uniformResourceIdentifier)); break;
      default: break;
    }
  }
  GENERAL_NAMES_free(names);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  return facts;
}

absl::StatusOr<std::string> SignRequest(const KeyPair& authority, const std::string& pem, const SigningTerms& terms) {
  ASSIGN_OR_RETURN(const Request request, Parse(pem));
  const Bio issuer_text = Memory(authority.cert), key_text = Memory(authority.key);
  const Cert issuer(PEM_read_bio_X509(issuer_text.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (issuer == nullptr || key == nullptr) return SslError("reading the authority");
  const Cert cert(X509_new());
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return SslError("random serial number");
  serial[0] &= 0x7f;  // positive
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert.get()));
  BN_free(number);
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), absl::ToTimeT(terms.not_before));
  ASN1_TIME_set(X509_getm_notAfter(cert.get()), absl::ToTimeT(terms.not_after));
  if (ASN1_TIME_compare(X509_get0_notAfter(cert.get()), X509_get0_notAfter(issuer.get())) > 0) {
    X509_set1_notAfter(cert.get(), X509_get0_notAfter(issuer.get()));
  }
  X509_set_pubkey(cert.get(), X509_REQ_get0_pubkey(request.get()));
  X509_set_subject_name(cert.get(), X509_REQ_get_subject_name(request.get()));
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer.get()));
  RETURN_IF_ERROR(AddUsages(cert.get(), issuer.get(), terms.usages));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  RETURN_IF_ERROR(Extend(cert.get(), issuer.get(), NID_authority_key_identifier, "keyid"));
  CopyNames(cert.get(), request.get());
  if (X509_sign(cert.get(), key.get(), EVP_sha256()) == 0) return SslError("signing");
  const Bio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), cert.get()) != 1) return SslError("writing the certificate");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace pki
