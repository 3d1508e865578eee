#include "apiserver/validation/warnings.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldPath;
using apimachinery::GoQuote;

std::string Where(const Path& p) { return FieldPath(p).ToString(); }

}  // namespace

void WarnOfIp(Texts& out, const Path& p, absl::string_view ip) {
  const int family = IpFamily(ip);
  if (family == 0) return;
  const std::string canonical = CanonicalIp(ip);
  if (canonical == ip) return;
  if (family == 4) {  // leading zeros, or written as IPv6
    out.push_back(absl::StrCat(Where(p), ": non-standard IP address ", GoQuote(ip),
                               " will be considered invalid in a future Kubernetes release: use ", GoQuote(canonical)));
  } else {
    out.push_back(absl::StrCat(Where(p), ": IPv6 address ", GoQuote(ip), " should be in RFC 5952 canonical format (",
                               GoQuote(canonical), ")"));
  }
}

void WarnOfCidr(Texts& out, const Path& p, absl::string_view cidr) {
  FieldErrors strict;
  StrictCidr(strict, Path(), cidr);
  int family = 0;
  std::string network;
  if (strict.empty() || !ParseCidr(cidr, &family, &network)) return;
  const size_t before = out.size();
  const std::string ip = CanonicalIp(cidr.substr(0, cidr.find('/')));
  if (ip != network.substr(0, network.find('/'))) {
    out.push_back(absl::StrCat(Where(p), ": CIDR value ", GoQuote(cidr), " is ambiguous in this context (should be ",
                               GoQuote(network), " or ", GoQuote(absl::StrCat(ip, family == 4 ? "/32" : "/128")), "?)"));
  }
  if (HasLeadingZeros(cidr) || (family == 4 && cidr.find(':') != absl::string_view::npos)) {
    out.push_back(absl::StrCat(Where(p), ": non-standard CIDR value ", GoQuote(cidr),
                               " will be considered invalid in a future Kubernetes release: use ", GoQuote(network)));
  }
  if (out.size() == before && family == 6 && network != cidr) {
    out.push_back(absl::StrCat(Where(p), ": IPv6 CIDR value ", GoQuote(cidr),
                               " should be in RFC 5952 canonical format (", GoQuote(network), ")"));
  }
}

absl::string_view DeprecatedNodeLabel(absl::string_view key) {
  static constexpr struct {
    absl::string_view key, text;
  } kLabels[] = {
      {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
      {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
      {"failure-domain.beta.kubernetes.io/region", "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
      {"failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
      {"beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
      {"app.kubernetes.io/created-by", "deprecated since v1.9"},
      {"scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"},
      {"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
  };
  for (const auto& label : kLabels) {
    if (label.key == key) return label.text;
  }
  return "";
}

void WarnOfNodeSelector(Texts& out, const Path& p, const Value& selector) {
  const Path expressions = p / "matchExpressions", labels = p / "matchLabels";
  const Array& list = Items(selector, "matchExpressions");
  for (size_t i = 0; i < list.size(); ++i) {
    const absl::string_view key = Text(list[i], "key"), text = DeprecatedNodeLabel(key);
    const Path at = expressions[i];
    if (!text.empty()) out.push_back(absl::StrCat(Where(at / "key"), ": ", key, " is ", text));
  }
  for (const auto& [key, value] : Entries(selector, "matchLabels")) {
    const absl::string_view text = DeprecatedNodeLabel(key);
    if (!text.empty()) out.push_back(absl::StrCat(Where(labels / key), ": ", text));
  }
}

}  // namespace apiserver::validation
