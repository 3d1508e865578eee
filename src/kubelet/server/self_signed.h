// A certificate of one's own, for a port without a configured one.
#pragma once
#include <string>

#include "absl/status/statusor.h"

namespace kubelet {

struct SelfSigned {
  std::string cert_pem, key_pem;
};
absl::StatusOr<SelfSigned> MakeSelfSigned(const std::string& name, const std::string& ip);

}  // namespace kubelet
