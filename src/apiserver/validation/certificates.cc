// CertificateSigningRequest.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/codec.h"
#include "apiserver/validation/go_diff.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

void SignerName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2) {
    return e.Invalid(p, Value(name),
                     "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  if (parts[0].size() > 253) e.TooLong(p, 253);
  const std::vector<absl::string_view> domain = absl::StrSplit(parts[0], '.');
  const auto labels = [&](absl::string_view whole, const std::vector<absl::string_view>& list, bool subdomain) {
    for (absl::string_view label : list) {
      const Problems problems =
          subdomain ? apimachinery::IsDns1123Subdomain(label) : apimachinery::IsDns1123Label(label);
      for (const std::string& problem : problems) {
        e.Invalid(p, Value(whole), absl::StrCat("validating label \"", label, "\": ", problem));
      }
      if (!problems.empty()) return;
    }
  };
  labels(parts[0], domain, false);
  if (domain.size() < 2) {
    e.Invalid(p, Value(parts[0]), "should be a domain with at least two segments separated by dots");
  }
  labels(parts[1], absl::StrSplit(parts[1], '.'), true);
  if (name.size() > 253 + 253 + 63 + 2) e.TooLong(p, 253 + 253 + 63 + 2);
}

// Empty: a signed request; else what is wrong with it.
std::string RequestProblem(const std::string& base64) {
  std::string pem;
  apimachinery::Base64Decode(base64, &pem);
  constexpr char kNot[] = "PEM block type must be CERTIFICATE REQUEST";
  if (!absl::StrContains(pem, "-----BEGIN CERTIFICATE REQUEST-----")) return kNot;
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_REQ* request = PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (request == nullptr) return kNot;
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  const bool verified = key != nullptr && X509_REQ_verify(request, key) == 1;
  X509_REQ_free(request);
  return verified ? "" : "x509: signature verification failed";
}

// Empty: certificates in PEM, or nothing at all.
std::string CertificateProblem(const std::string& base64) {
  std::string pem;
  apimachinery::Base64Decode(base64, &pem);
  if (pem.empty()) return "";
  if (!absl::StrContains(pem, "-----BEGIN ")) return "must contain at least one CERTIFICATE PEM block";
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  int count = 0;
  std::string problem;
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  while (problem.empty() && PEM_read_bio(bio, &name, &header, &data, &length) == 1) {
    ++count;
    const unsigned char* at = data;
    if (absl::string_view(name) != "CERTIFICATE") {
      problem = absl::StrCat("only CERTIFICATE PEM blocks are allowed, found \"", name, "\"");
    } else if (header[0] != '\0') {
      problem = "no PEM block headers are permitted";
    } else if (X509* certificate = d2i_X509(nullptr, &at, length)) {
      X509_free(certificate);
    } else {
      problem = "x509: malformed certificate";
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  BIO_free(bio);
  if (problem.empty() && count == 0) problem = "must contain at least one CERTIFICATE PEM block";
  return problem;
}

Problems AnyName(absl::string_view, bool) { return {}; }

constexpr Strings kUsages = {
    "any",          "cert sign",        "client auth",       "code signing",     "content commitment", "crl sign",
    "data encipherment", "decipher only", "digital signature", "email protection", "encipher only",    "ipsec end system",
    "ipsec tunnel", "ipsec user",       "key agreement",     "key encipherment", "microsoft sgc",      "netscape sgc",
    "ocsp signing", "s/mime",           "server auth",       "signing",          "timestamping"};

constexpr Strings kDecisions = {"Approved", "Denied", "Failed"};
constexpr char kLegacySigner[] = "kubernetes.io/legacy-unknown";

// What the stored request already does wrong stays allowed.
struct Tolerated {
  bool both_decisions = false, legacy_signer = false, same_types = false, no_type = false, any_certificate = false,
       same_usages = false, unknown_usages = false;
};

bool HasTwice(const Array& items, absl::FunctionRef<std::string(const Value&)> key) {
  std::set<std::string> seen;
  return !std::all_of(items.begin(), items.end(), [&](const Value& item) { return seen.insert(key(item)).second; });
}

const Array& ConditionsOf(const Value& csr) { return Items(Sub(csr, "status"), "conditions"); }

Array OfType(const Value& csr, absl::string_view type) {
  Array found;
  for (const Value& condition : ConditionsOf(csr)) {
    if (Text(condition, "type") == type) found.push_back(condition);
  }
  return found;
}

Tolerated ToleratedOf(const Value& csr, const Value* old) {
  Tolerated t;
  if (old == nullptr) return t;
  const Array& conditions = ConditionsOf(*old);
  const Array& usages = Items(Sub(*old, "spec"), "usages");
  const std::string certificate = old->GetString("status.certificate");
  t.both_decisions = !OfType(*old, "Approved").empty() && !OfType(*old, "Denied").empty();
  t.legacy_signer = old->GetString("spec.signerName") == kLegacySigner;
  t.same_types = HasTwice(conditions, [](const Value& c) { return std::string(Text(c, "type")); });
  t.no_type = !OfType(*old, "").empty();
  t.any_certificate = certificate == csr.GetString("status.certificate") || !CertificateProblem(certificate).empty();
  t.same_usages = HasTwice(usages, [](const Value& usage) { return usage.as_string(); });
  t.unknown_usages = !std::all_of(usages.begin(), usages.end(), [](const Value& u) { return In(u.as_string(), kUsages); });
  return t;
}

void Usages(FieldErrors& e, const Path& p, const Array& usages, const Tolerated& t) {
  if (usages.empty()) e.Required(p);
  for (size_t i = 0; i < usages.size() && !t.unknown_usages; ++i) OneOf(e, p[i], usages[i].as_string(), kUsages);
  std::set<std::string> seen;
  for (size_t i = 0; i < usages.size() && !t.same_usages; ++i) {
    if (!seen.insert(usages[i].as_string()).second) e.Duplicate(p[i], usages[i]);
  }
}

void Decisions(FieldErrors& e, const Path& p, const Array& conditions, const Tolerated& t) {
  bool approved = false, denied = false;
  std::set<std::string> types;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    const absl::string_view type = Text(conditions[i], "type"), status = Text(conditions[i], "status");
    if (type.empty() && !t.no_type) e.Required(at / "type");
    if (In(type, kDecisions)) {
      RequiredOneOf(e, at / "status", status, {"True"});
    } else {
      RequiredOneOf(e, at / "status", status, {"False", "True", "Unknown"});
    }
    approved = approved || type == "Approved";
    denied = denied || type == "Denied";
    if (!t.both_decisions && ((type == "Approved" && denied) || (type == "Denied" && approved))) {
      e.Invalid(p, Value(type), "Approved and Denied conditions are mutually exclusive");
    }
    if (!types.insert(std::string(type)).second && !t.same_types) e.Duplicate(at / "type", Value(type));
  }
}

void Request(FieldErrors& e, const Value& csr, const Value* old) {
  Metadata(e, csr, false, AnyName);
  const Tolerated t = ToleratedOf(csr, old);
  const Path p("spec"), status_path("status");
  const Value& spec = Sub(csr, "spec");
  if (const std::string problem = RequestProblem(std::string(Text(spec, "request"))); !problem.empty()) {
    e.Invalid(p / "request", Get(spec, "request"), problem);
  }
  Usages(e, p / "usages", Items(spec, "usages"), t);
  const absl::string_view signer = Text(spec, "signerName");
  if (signer == kLegacySigner && !t.legacy_signer) {
    e.Invalid(p / "signerName", Value(signer), "the legacy signerName is not allowed via this API version");
  } else {
    SignerName(e, p / "signerName", signer);
  }
  if (const Value* seconds = spec.Find("expirationSeconds"); seconds && seconds->as_int() < 600) {
    e.Invalid(p / "expirationSeconds", *seconds, "may not specify a duration less than 600 seconds (10 minutes)");
  }
  Decisions(e, status_path / "conditions", ConditionsOf(csr), t);
  if (t.any_certificate) return;
  if (const std::string problem = CertificateProblem(csr.GetString("status.certificate")); !problem.empty()) {
    e.Invalid(status_path / "certificate", "<certificate data>", problem);
  }
}

// By each of its doors a request lets other things change: its signer's certificate, its approvers' decisions.
enum class Door { kMain, kStatus, kApproval };

void Change(FieldErrors& e, const Value& csr, const Value& old, Door door) {
  Request(e, csr, &old);
  const Path conditions("status.conditions"), certificate("status.certificate");
  for (absl::string_view type : kDecisions) {
    if (OfType(csr, type).size() < OfType(old, type).size()) {
      e.Forbidden(conditions, absl::StrCat("updates may not remove a condition of type \"", type, "\""));
    }
  }
  for (const char* type : {"Approved", "Denied"}) {
    if (door == Door::kApproval) break;
    const Array now = OfType(csr, type), was = OfType(old, type);
    if (now.size() > was.size()) {
      e.Forbidden(conditions, absl::StrCat("updates may not add a condition of type \"", type, "\""));
    } else if (now.size() == was.size() && !(Value(now) == Value(was))) {
      e.Forbidden(conditions, absl::StrCat("updates may not modify a condition of type \"", type, "\"\n",
                                           GoDiff("[]certificates.CertificateSigningRequestCondition", Value(was),
                                                  Value(now))));
    }
  }
  const std::string now = csr.GetString("status.certificate"), was = old.GetString("status.certificate");
  if (now != was && door != Door::kStatus) {
    e.Forbidden(certificate, "updates may not set certificate content");
  } else if (now != was && !was.empty()) {
    e.Forbidden(certificate, "updates may not modify existing certificate content");
  }
  MetadataUpdate(e, csr, old);
}

void Create(FieldErrors& e, const Value& csr) { Request(e, csr, nullptr); }
void Update(FieldErrors& e, const Value& csr, const Value& old) { Change(e, csr, old, Door::kMain); }
void Status(FieldErrors& e, const Value& csr, const Value& old) { Change(e, csr, old, Door::kStatus); }

}  // namespace

void CertificateApproval(FieldErrors& e, const Value& csr, const Value& old) { Change(e, csr, old, Door::kApproval); }

absl::Span<const KindRules> CertificateKinds() {
  static constexpr KindRules kRules[] = {
      {"certificates.k8s.io", "CertificateSigningRequest", Create, Update, Status},
  };
  return kRules;
}

}  // namespace apiserver::validation
