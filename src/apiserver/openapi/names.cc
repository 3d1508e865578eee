#include "apiserver/openapi/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace apiserver::openapi {
namespace {

// Go package path of a message's package, by the beginning of its name.
constexpr absl::string_view kPackages[][2] = {
    {"meta.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1."},
    {"runtime.", "io.k8s.apimachinery.pkg.runtime."},
    {"resource.", "io.k8s.apimachinery.pkg.api.resource."},
    {"intstr.", "io.k8s.apimachinery.pkg.util.intstr."},
    {"version.", "io.k8s.apimachinery.pkg.version."},
    {"apiextensions.v1.", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."},
    {"apiregistration.v1.", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1."},
    {"dra.v1.", "io.k8s.api.resource.v1."},
};

// "rbac.authorization.k8s.io" → "rbac", "authorization".
std::vector<absl::string_view> GroupWords(absl::string_view group) {
  if (group.empty()) return {"core"};
  if (group == "flowcontrol.apiserver.k8s.io") return {"flowcontrol", "apiserver"};
  return absl::StrSplit(absl::StripSuffix(group, ".k8s.io"), '.');
}

}  // namespace

std::string DefinitionName(absl::string_view message) {
  for (const auto& [prefix, path] : kPackages) {
    absl::string_view rest = message;
    if (absl::ConsumePrefix(&rest, prefix)) return absl::StrCat(path, rest);
  }
  return absl::StrCat("io.k8s.api.", message);
}

std::string Capitalized(absl::string_view word) {
  std::string text(word);
  if (!text.empty()) text[0] = absl::ascii_toupper(text[0]);
  return text;
}

std::string OperationGroup(absl::string_view group, absl::string_view version) {
  std::string text;
  for (const absl::string_view word : GroupWords(group)) text += Capitalized(word);
  return text + Capitalized(version);
}

std::string Tag(absl::string_view group, absl::string_view version) {
  std::string text;
  for (const absl::string_view word : GroupWords(group)) text += text.empty() ? std::string(word) : Capitalized(word);
  return version.empty() ? text : absl::StrCat(text, "_", version);
}

}  // namespace apiserver::openapi
