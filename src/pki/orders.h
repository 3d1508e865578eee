// What skiff-pki is asked for, a line each, members separated by tabs:
//
//   authority NAME SUBJECT                    NAME.crt, NAME.key; signs the certificates that follow
//   account NAME                              NAME.key, NAME.pub, for service account tokens
//   certificate NAME SUBJECT NAMES USAGE      NAME.crt, NAME.key
//   kubeconfig FILE NAME SERVER GRPC          with authority and certificate NAME embedded; GRPC: the internal door's
//                                             address, or empty
//
// Names are files below the directory, FILE is a path. A pair of key and certificate that exists is kept, a kubeconfig is
// written anew.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pki {

// Carries out all lines; the first that fails is named in the error.
absl::Status CarryOut(const std::string& dir, absl::string_view orders);

struct KubeconfigParts {
  std::string user, server, grpc;                     // grpc may be empty
  std::string authority, certificate, key;            // PEM
};
std::string KubeconfigText(const KubeconfigParts& parts);

}  // namespace pki
