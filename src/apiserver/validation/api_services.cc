// APIService.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

void Body(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view group = Text(spec, "group"), version = Text(spec, "version");
  if (group.empty() && version != "v1") {
    e.Required(p / "group", "only v1 may have an empty group and it better be legacy kube");
  }
  if (!group.empty()) Named(e, p / "group", group, apimachinery::IsDns1123Subdomain(group));
  Named(e, p / "version", version, apimachinery::IsDns1035Label(version));
  const int64_t group_priority = Int(spec, "groupPriorityMinimum"), priority = Int(spec, "versionPriority");
  if (group_priority <= 0 || group_priority > 20000) {
    e.Invalid(p / "groupPriorityMinimum", group_priority, "must be positive and less than 20000");
  }
  if (priority <= 0 || priority > 1000) {
    e.Invalid(p / "versionPriority", priority, "must be positive and less than 1000");
  }
  const Value* service = spec.Find("service");
  const bool bundle = !Text(spec, "caBundle").empty(), insecure = Flag(spec, "insecureSkipTLSVerify");
  if (service == nullptr) {
    if (bundle) {
      std::string bytes;
      apimachinery::Base64Decode(Text(spec, "caBundle"), &bytes);
      e.Invalid(p / "caBundle", absl::StrCat(bytes.size(), " bytes"), "local APIServices may not have a caBundle");
    }
    if (insecure) {
      e.Invalid(p / "insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
    }
    return;
  }
  if (Text(*service, "namespace").empty()) e.Required(p / "service.namespace");
  if (Text(*service, "name").empty()) e.Required(p / "service.name");
  const Problems problems = apimachinery::IsValidPortNum(Int(*service, "port"));
  if (!problems.empty()) {
    e.Invalid(p / "service.port", Int(*service, "port"),
              absl::StrCat("port is not valid: ", absl::StrJoin(problems, ", ")));
  }
  if (insecure && bundle) e.Invalid(p / "insecureSkipTLSVerify", true, "may not be true if caBundle is present");
}

void Create(FieldErrors& e, const Value& object) {
  const std::string wanted = absl::StrCat(object.GetString("spec.version"), ".", object.GetString("spec.group"));
  AnyMetadata(e, object, false, [&](absl::string_view name, bool) {
    Problems problems = apimachinery::IsPathSegmentName(name);
    if (problems.empty() && name != wanted) {
      problems.push_back(absl::StrCat("must be `spec.version+\".\"+spec.group`: ", apimachinery::GoQuote(wanted)));
    }
    return problems;
  });
  Body(e, object);
}
void Update(FieldErrors& e, const Value& object, const Value& old) {
  AnyMetadataUpdate(e, object, old);
  Create(e, object);
}
void Status(FieldErrors& e, const Value& object, const Value& old) {
  AnyMetadataUpdate(e, object, old);
  const Path p("status.conditions");
  const Array& conditions = Items(Sub(object, "status"), "conditions");
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    OneOf(e, at / "status", Text(conditions[i], "status"), {"True", "False", "Unknown"});
  }
}

}  // namespace

absl::Span<const KindRules> ApiServiceKinds() {
  static constexpr KindRules kRules[] = {
      {"apiregistration.k8s.io", "APIService", Create, Update, Status},
  };
  return kRules;
}

}  // namespace apiserver::validation
