// What the server tells about valid objects in Warning headers: the parts that kinds share.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"
#include "apiserver/validation/path.h"

namespace apiserver::validation {

using Texts = std::vector<std::string>;

// Addresses that were once let in and will not be forever.
void WarnOfIp(Texts& out, const Path& p, absl::string_view ip);
void WarnOfCidr(Texts& out, const Path& p, absl::string_view cidr);
// `deprecated since v1.14; use "kubernetes.io/arch" instead`; empty when the label of nodes is not deprecated.
absl::string_view DeprecatedNodeLabel(absl::string_view key);
// A meta.v1.LabelSelector that picks nodes.
void WarnOfNodeSelector(Texts& out, const Path& p, const apimachinery::Value& selector);

}  // namespace apiserver::validation
