// Which authority signs for which of the cluster's signers, as the command line has it: one for all, or one each.
#pragma once
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "pki/certificate.h"

namespace controller_manager {

struct SigningFiles {
  std::string cert, key;
  bool Any() const { return !cert.empty() || !key.empty(); }
};

struct SigningOptions {
  SigningFiles all;                               // --cluster-signing-{cert,key}-file
  SigningFiles kubelet_serving, kubelet_client, api_client, legacy_unknown;
  bool Any() const;
};

using SigningAuthorities = std::map<std::string, pki::KeyPair>;  // by signer name

// InvalidArgument with upstream's words when the flags contradict each other. Pure.
absl::Status CheckSigning(const SigningOptions& options);

// Reads the files. A signer without files is not in the result: nobody signs for it here.
absl::StatusOr<SigningAuthorities> LoadSigningAuthorities(const SigningOptions& options);

}  // namespace controller_manager
