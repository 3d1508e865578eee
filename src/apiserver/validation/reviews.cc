// Bodies that are answered, not stored: reviews, token requests, bindings, evictions.
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;
using apimachinery::FieldPath;

// Operators of newer servers pass. `labels`: of label selectors, else of field selectors.
void Selector(FieldErrors& e, const Path& p, const Value* selector, bool labels) {
  if (selector == nullptr) return;
  const absl::string_view raw = Text(*selector, "rawSelector");
  const Array& requirements = Items(*selector, "requirements");
  const Path list = p / "requirements";
  if (!raw.empty() && !requirements.empty()) {
    e.Invalid(p / "rawSelector", Value(raw), "may not specified at the same time as requirements");
  }
  if (raw.empty() && requirements.empty()) {
    e.Required(list, absl::StrCat("when ", FieldPath(p).ToString(),
                                  " is specified, requirements or rawSelector is required"));
  }
  for (size_t i = 0; i < requirements.size(); ++i) {
    const Path at = list[i];
    if (labels) {
      LabelRequirement(e, at, requirements[i], /*known=*/false);
      continue;
    }
    if (Text(requirements[i], "key").empty()) e.Required(at / "key", "must be specified");
    SelectorOperator(e, at, requirements[i], /*known=*/false);
  }
}

Value NonResource(const Value& spec) {
  const Value* attributes = spec.Find("nonResourceAttributes");
  if (attributes == nullptr) return Value();
  Value shown = Value::MakeObject();  // as upstream prints its inner type
  shown.Set("Path", Value(Text(*attributes, "path")));
  shown.Set("Verb", Value(Text(*attributes, "verb")));
  return shown;
}

void AccessSpec(FieldErrors& e, const Value& review, bool self) {
  const Path p("spec");
  const Value& spec = Sub(review, "spec");
  const Value* resource = spec.Find("resourceAttributes");
  const bool other = spec.Has("nonResourceAttributes");
  if (resource != nullptr && other) {
    e.Invalid(p / "nonResourceAttributes", NonResource(spec), "cannot be specified in combination with resourceAttributes");
  }
  if (resource == nullptr && !other) {
    e.Invalid(p / "resourceAttributes", Value(),
              "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  if (!self && Text(spec, "user").empty() && Items(spec, "groups").empty()) {
    e.Invalid(p / "user", "", "at least one of user or group must be specified");
  }
  if (resource != nullptr) {
    const Path at = p / "resourceAttributes";
    Selector(e, at / "fieldSelector", resource->Find("fieldSelector"), false);
    Selector(e, at / "labelSelector", resource->Find("labelSelector"), true);
  }
}

void NoMetadata(FieldErrors& e, const Value& review, bool namespace_allowed) {
  const Value* metadata = review.Find("metadata");
  if (metadata == nullptr) return;
  Value rest = *metadata;
  rest.Erase("managedFields");
  if (namespace_allowed) rest.Erase("namespace");
  if (IsUnset(&rest)) return;
  e.Add({FieldError::Type::kInvalid, "metadata", GoJson("meta.ObjectMeta", *metadata),
         namespace_allowed ? "must be empty except for namespace" : "must be empty"});
}

void SubjectAccess(FieldErrors& e, const Value& review) {
  AccessSpec(e, review, false);
  NoMetadata(e, review, false);
}
void SelfSubjectAccess(FieldErrors& e, const Value& review) {
  AccessSpec(e, review, true);
  NoMetadata(e, review, false);
}
void LocalSubjectAccess(FieldErrors& e, const Value& review) {
  AccessSpec(e, review, false);
  NoMetadata(e, review, true);
  const Value& spec = Sub(review, "spec");
  const Value* resource = spec.Find("resourceAttributes");
  if (resource != nullptr && Text(*resource, "namespace") != Text(Sub(review, "metadata"), "namespace")) {
    e.Invalid(Path("spec.resourceAttributes.namespace"), Value(Text(*resource, "namespace")),
              "must match metadata.namespace");
  }
  if (spec.Has("nonResourceAttributes")) {
    e.Invalid(Path("spec.nonResourceAttributes"), NonResource(spec), "disallowed on this kind of request");
  }
}

void TokenRequest(FieldErrors& e, const Value& request) {
  const Path p("spec");
  const int64_t seconds = Int(Sub(request, "spec"), "expirationSeconds");
  if (seconds < 600) e.Invalid(p / "expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
  if (seconds > int64_t{1} << 32) {
    e.Invalid(p / "expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
  }
}

void Binding(FieldErrors& e, const Value& binding) {
  const Path p("target");
  const Value& target = Sub(binding, "target");
  const absl::string_view kind = Text(target, "kind");
  if (!kind.empty() && kind != "Node") OneOf(e, p / "kind", kind, {"Node", "<empty>"});
  Required(e, p, target, "name");
}

void Anything(FieldErrors&, const Value&) {}
void Never(FieldErrors&, const Value&, const Value&) {}

}  // namespace

absl::Span<const KindRules> ReviewKinds() {
  static constexpr KindRules kRules[] = {
      {"authorization.k8s.io", "SubjectAccessReview", SubjectAccess, Never},
      {"authorization.k8s.io", "SelfSubjectAccessReview", SelfSubjectAccess, Never},
      {"authorization.k8s.io", "LocalSubjectAccessReview", LocalSubjectAccess, Never},
      {"authorization.k8s.io", "SelfSubjectRulesReview", Anything, Never},
      {"authentication.k8s.io", "TokenReview", Anything, Never},
      {"authentication.k8s.io", "SelfSubjectReview", Anything, Never},
      {"authentication.k8s.io", "TokenRequest", TokenRequest, Never},
      {"", "Binding", Binding, Never},
      {"policy", "Eviction", Anything, Never},
  };
  return kRules;
}

}  // namespace apiserver::validation
