// Writes rule sets as nftables commands. One script is one transaction: the kernel takes all of it or nothing.
//
//   table ip kube-proxy
//     nat-prerouting, nat-output → services → (service | external | firewall)_... → endpoint_...: dnat
//     filter-input/forward/output → refuse: services without endpoints, unknown ports of cluster IPs
//     nat-postrouting → masquerading: packets that carry the mark
#pragma once
#include <string>

#include "kube-proxy/rules/rule_set.h"

namespace kube_proxy::rules {

inline constexpr char kTable[] = "kube-proxy";
inline constexpr uint32_t kMasqueradeMark = 0x4000;

// Deletes whatever a former process left and builds the table anew.
std::string FullScript(const RuleSet& rules, const NodeView& node);

// The commands that turn `from` (what the kernel holds) into `to`; empty when nothing changes. Untouched
// chains, and with them client affinities, stay as they are.
std::string DiffScript(const RuleSet& from, const RuleSet& to, const NodeView& node);

// Fails to run when the table is not there as we made it.
std::string ProbeScript(Family family);

// Removes the table; fine when there is none.
std::string CleanupScript(Family family);

}  // namespace kube_proxy::rules
