#include "controller-manager/certificates/signer_rules.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace controller_manager {
namespace {

using Usages = std::vector<std::string>;

constexpr absl::string_view kNodePrefix = "system:node:";

// Exactly these, in any order; "key encipherment" may be left out.
bool AreUsages(const Usages& usages, absl::string_view purpose) {
  std::set<std::string> set(usages.begin(), usages.end());
  set.erase("key encipherment");
  return set == std::set<std::string>{"digital signature", std::string(purpose)};
}

std::string NodeSubject(const pki::RequestFacts& request) {
  if (request.organizations != Usages{"system:nodes"}) return "organization in CSR is not system:nodes";
  if (!absl::StartsWith(request.common_name, kNodePrefix)) return "subject common name does not begin with system:node:";
  return "";
}

std::string KubeletServing(const pki::RequestFacts& request, const Usages& usages) {
  if (std::string no = NodeSubject(request); !no.empty()) return no;
  if (request.dns_names.empty() && request.ip_addresses.empty()) return "DNS or IP subjectAltName is required";
  if (!request.emails.empty()) return "Email subjectAltNames are not allowed";
  if (!request.uris.empty()) return "URI subjectAltNames are not allowed";
  return AreUsages(usages, "server auth") ? "" : "usages did not match expected set: digital signature, server auth";
}

std::string KubeletClient(const pki::RequestFacts& request, const Usages& usages) {
  if (std::string no = NodeSubject(request); !no.empty()) return no;
  if (!request.dns_names.empty()) return "DNS subjectAltNames are not allowed";
  if (!request.emails.empty()) return "Email subjectAltNames are not allowed";
  if (!request.ip_addresses.empty()) return "IP subjectAltNames are not allowed";
  if (!request.uris.empty()) return "URI subjectAltNames are not allowed";
  return AreUsages(usages, "client auth") ? "" : "usages did not match expected set: client auth, digital signature";
}

std::string ApiClient(const Usages& usages) {
  static const auto& allowed = *new std::set<std::string>{"digital signature", "key encipherment", "client auth"};
  if (std::find(usages.begin(), usages.end(), "client auth") == usages.end()) return "missing required usage: client auth";
  for (const std::string& usage : usages) {
    if (!allowed.contains(usage)) return absl::StrCat("usage is not allowed: ", usage);
  }
  return "";
}

}  // namespace

bool IsOwnSigner(absl::string_view signer) {
  return signer == kKubeletServing || signer == kKubeletClient || signer == kApiClient || signer == kLegacyUnknown;
}

std::string SignerRefusal(absl::string_view signer, const pki::RequestFacts& request, const Usages& usages) {
  if (signer == kKubeletServing) return KubeletServing(request, usages);
  if (signer == kKubeletClient) return KubeletClient(request, usages);
  if (signer == kApiClient) return ApiClient(usages);
  return "";
}

absl::Duration CertificateLife(int64_t asked_seconds, absl::Duration limit) {
  if (asked_seconds <= 0) return limit;
  return std::min(std::max(absl::Seconds(asked_seconds), absl::Minutes(10)), limit);
}

std::string ApprovalRight(absl::string_view signer, absl::string_view username, const pki::RequestFacts& request,
                          const Usages& usages) {
  if (signer != kKubeletClient || !KubeletClient(request, usages).empty()) return "";
  return username == request.common_name ? "selfnodeclient" : "nodeclient";
}

bool IsStale(const RequestAges& ages, absl::Time now) {
  constexpr absl::Duration kDecided = absl::Hours(1), kPending = absl::Hours(24);
  if (ages.issued && now > ages.certificate_ends) return true;
  if (now - ages.denied > kDecided || now - ages.failed > kDecided) return true;
  if (ages.approved != absl::InfiniteFuture()) return now - ages.approved > kDecided;
  const bool decided = ages.denied != absl::InfiniteFuture() || ages.failed != absl::InfiniteFuture();
  return !decided && now - ages.created > kPending;
}

}  // namespace controller_manager
