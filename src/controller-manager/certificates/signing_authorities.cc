#include "controller-manager/certificates/signing_authorities.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "controller-manager/certificates/signer_rules.h"

namespace controller_manager {
namespace {

struct Own {
  const char* flag;  // its common part
  const char* signer;
  SigningFiles SigningOptions::*files;
};
constexpr Own kOwn[] = {{"cluster-signing-kubelet-serving", kKubeletServing, &SigningOptions::kubelet_serving},
                        {"cluster-signing-kubelet-client", kKubeletClient, &SigningOptions::kubelet_client},
                        {"cluster-signing-kube-apiserver-client", kApiClient, &SigningOptions::api_client},
                        {"cluster-signing-legacy-unknown", kLegacyUnknown, &SigningOptions::legacy_unknown}};

absl::StatusOr<pki::KeyPair> Load(const SigningFiles& files) {
  pki::KeyPair pair;
  ASSIGN_OR_RETURN(pair.cert, base::ReadFile(files.cert));
  ASSIGN_OR_RETURN(pair.key, base::ReadFile(files.key));
  return pair;
}

}  // namespace

bool SigningOptions::Any() const {
  bool any = all.Any();
  for (const Own& own : kOwn) any = any || (this->*own.files).Any();
  return any;
}

absl::Status CheckSigning(const SigningOptions& options) {
  bool specific = false;
  for (const Own& own : kOwn) {
    const SigningFiles& files = options.*own.files;
    specific = specific || files.Any();
    if (files.cert.empty() == files.key.empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat("\"", own.flag, "\": cannot specify ",
                                                   files.key.empty() ? "cert without key" : "key without cert"));
  }
  if (options.all.Any() && specific) {
    return absl::InvalidArgumentError(
        "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time");
  }
  return absl::OkStatus();
}

absl::StatusOr<SigningAuthorities> LoadSigningAuthorities(const SigningOptions& options) {
  SigningAuthorities authorities;
  for (const Own& own : kOwn) {
    const SigningFiles& files = options.all.Any() ? options.all : options.*own.files;
    if (!files.Any()) continue;
    ASSIGN_OR_RETURN(authorities[own.signer], Load(files));
  }
  return authorities;
}

}  // namespace controller_manager
