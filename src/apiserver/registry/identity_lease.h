// Tells the cluster which API servers there are: a Lease in kube-system named after the machine.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apiserver/registry/registry.h"

namespace apiserver::registry {

// As upstream names it: "apiserver-" and 26 letters that stand for the host. Pure.
std::string IdentityOf(absl::string_view host);

// One thread at a time.
class IdentityLease {
 public:
  IdentityLease(Registry& registry, std::string host);
  // Creates the lease, or renews it, or takes it over from a server that was here before.
  absl::Status Renew();

 private:
  Registry& registry_;
  const std::string host_, name_, holder_;
};

}  // namespace apiserver::registry
