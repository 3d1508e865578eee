// Certificate signing requests: who asks, and what the request itself says.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "kubectl/describe/parts.h"
#include "apimachinery/time.h"

namespace kubectl {
namespace {

std::string TextOf(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

std::vector<std::string> SubjectParts(X509_NAME* name, int nid) {
  std::vector<std::string> parts;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;)
    parts.push_back(TextOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  return parts;
}

void WriteList(DescribeWriter& w, absl::string_view title, const std::vector<std::string>& values) {
  if (!values.empty()) w.Write(0, "\t", title, ":\t", absl::StrJoin(values, "\n\t\t"), "\n");
}

std::string Address(const ASN1_OCTET_STRING* ip) {
  const std::string bytes = TextOf(ip);
  if (bytes.size() != 4) return absl::BytesToHexString(bytes);
  std::vector<int> parts;
  for (const char c : bytes) parts.push_back(static_cast<unsigned char>(c));
  return absl::StrJoin(parts, ".");
}

void WriteAlternativeNames(DescribeWriter& w, X509_REQ* request) {
  std::vector<std::string> dns, mail, uris, addresses;
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  auto* names = static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) dns.push_back(TextOf(name->d.dNSName));
    if (name->type == GEN_EMAIL) mail.push_back(TextOf(name->d.rfc822Name));
    if (name->type == GEN_URI) uris.push_back(TextOf(name->d.uniformResourceIdentifier));
    if (name->type == GEN_IPADD) addresses.push_back(Address(name->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  if (dns.empty() && mail.empty() && uris.empty() && addresses.empty()) return;
  w.Write(0, "Subject Alternative Names:\n");
  WriteList(w, "DNS Names", dns);
  WriteList(w, "Email Addresses", mail);
  WriteList(w, "URIs", uris);
  WriteList(w, "IP Addresses", addresses);
}

std::string Status(const Value& object) {
  bool approved = false, denied = false, failed = false;
  for (const Value& condition : object.GetArray("status.conditions")) {
    const std::string type = condition.GetString("type");
    approved |= type == "Approved";
    denied |= type == "Denied";
    failed |= type == "Failed";
  }
  return absl::StrCat(denied ? "Denied" : approved ? "Approved" : "Pending", failed ? ",Failed" : "",
                      object.GetString("status.certificate").empty() ? "" : ",Issued");
}

}  // namespace

void DescribeSigningRequest(const Value& object, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Labels:\t", LabelsText(object.At("metadata.labels")), "\n");
  w.Write(0, "Annotations:\t", LabelsText(object.At("metadata.annotations")), "\n");
  w.Write(0, "CreationTimestamp:\t", TimeText(object.GetString("metadata.creationTimestamp")), "\n");
  w.Write(0, "Requesting User:\t", object.GetString("spec.username"), "\n");
  const std::string signer = object.GetString("spec.signerName");
  if (!signer.empty()) w.Write(0, "Signer:\t", signer, "\n");
  if (object.At("spec.expirationSeconds") != nullptr)
    w.Write(0, "Requested Duration:\t",
            apimachinery::HumanDuration(absl::Seconds(object.GetInt("spec.expirationSeconds"))), "\n");
  w.Write(0, "Status:\t", Status(object), "\n");
  std::string pem;
  absl::Base64Unescape(object.GetString("spec.request"), &pem);
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_REQ* request = PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (request != nullptr) {
    X509_NAME* subject = X509_REQ_get_subject_name(request);
    const auto last = [&](int nid) {
      const std::vector<std::string> parts = SubjectParts(subject, nid);
      return parts.empty() ? std::string() : parts.back();
    };
    w.Write(0, "Subject:\n");
    w.Write(0, "\tCommon Name:\t", last(NID_commonName), "\n");
    w.Write(0, "\tSerial Number:\t", last(NID_serialNumber), "\n");
    WriteList(w, "Organization", SubjectParts(subject, NID_organizationName));
    WriteList(w, "Organizational Unit", SubjectParts(subject, NID_organizationalUnitName));
    WriteList(w, "Country", SubjectParts(subject, NID_countryName));
    WriteList(w, "Locality", SubjectParts(subject, NID_localityName));
    WriteList(w, "Province", SubjectParts(subject, NID_stateOrProvinceName));
    WriteList(w, "StreetAddress", SubjectParts(subject, NID_streetAddress));
    WriteList(w, "PostalCode", SubjectParts(subject, NID_postalCode));
    WriteAlternativeNames(w, request);
    X509_REQ_free(request);
  }
  WriteEvents(w, events);
}

}  // namespace kubectl
