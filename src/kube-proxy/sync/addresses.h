// Which addresses this host has.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kube-proxy/rules/service_state.h"

namespace kube_proxy::sync {

// True when `address` lies in `cidr`. False for text that is neither, and across families.
bool InCidr(absl::string_view address, absl::string_view cidr);

// Addresses of this network namespace's interfaces in any of `cidrs`, sorted.
std::vector<std::string> LocalAddressesIn(const std::vector<std::string>& cidrs, rules::Family family);

}  // namespace kube_proxy::sync
