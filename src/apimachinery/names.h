// Rules for names, label keys and values, ports and paths. Each check answers upstream's messages, none when valid.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apimachinery {

using Problems = std::vector<std::string>;

Problems IsDns1123Label(absl::string_view name);
Problems IsDns1123LabelWithUnderscore(absl::string_view name);
Problems IsDns1123Subdomain(absl::string_view name);
Problems IsDns1123SubdomainWithUnderscore(absl::string_view name);
Problems IsDns1035Label(absl::string_view name);
Problems IsWildcardDns1123Subdomain(absl::string_view name);
Problems IsFullyQualifiedName(absl::string_view name);
Problems IsQualifiedName(absl::string_view name);    // label keys, condition types, ...
Problems IsDomainPrefixedPath(absl::string_view path);
Problems IsValidLabelValue(absl::string_view value);
Problems IsCIdentifier(absl::string_view name);
Problems IsConfigMapKey(absl::string_view key);
Problems IsEnvVarName(absl::string_view name);         // strict
Problems IsRelaxedEnvVarName(absl::string_view name);  // printable ASCII but '='
Problems IsValidPortNum(int64_t port);
Problems IsValidPortName(absl::string_view name);
Problems IsValidPercent(absl::string_view text);
Problems IsHttpHeaderName(absl::string_view name);
Problems IsPathSegmentName(absl::string_view name);    // may not be '.', '..' or hold '/' or '%'
Problems IsPathSegmentPrefix(absl::string_view name);
bool IsDns1123LabelOk(absl::string_view name);         // without building texts
bool IsDns1123SubdomainOk(absl::string_view name);

}  // namespace apimachinery
