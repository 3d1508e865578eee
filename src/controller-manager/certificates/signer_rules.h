// The rules of the four signers that a cluster has by itself. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pki/requests.h"

namespace controller_manager {

inline constexpr char kKubeletServing[] = "kubernetes.io/kubelet-serving";
inline constexpr char kKubeletClient[] = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr char kApiClient[] = "kubernetes.io/kube-apiserver-client";
inline constexpr char kLegacyUnknown[] = "kubernetes.io/legacy-unknown";

bool IsOwnSigner(absl::string_view signer);

// Empty: the signer signs such requests; else why it does not, for the condition Failed.
std::string SignerRefusal(absl::string_view signer, const pki::RequestFacts& request, const std::vector<std::string>& usages);

// How long a certificate is valid: what is asked (0: nothing), at least ten minutes, at most `limit`.
absl::Duration CertificateLife(int64_t asked_seconds, absl::Duration limit);

// What a requester must be allowed for its request to be approved without a person: the subresource of
// certificatesigningrequests to "create" ("selfnodeclient", "nodeclient"); empty: a person has to look.
std::string ApprovalRight(absl::string_view signer, absl::string_view username, const pki::RequestFacts& request,
                          const std::vector<std::string>& usages);

// When a request is swept away.
struct RequestAges {
  absl::Time created, approved = absl::InfiniteFuture(), denied = absl::InfiniteFuture(), failed = absl::InfiniteFuture();
  bool issued = false;
  absl::Time certificate_ends = absl::InfiniteFuture();
};
bool IsStale(const RequestAges& ages, absl::Time now);

}  // namespace controller_manager
