// Roles and role bindings.
#include "apimachinery/labels.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

constexpr char kGroup[] = "rbac.authorization.k8s.io";

void Rules(FieldErrors& e, const Value& role, bool namespaced) {
  const Path p("rules");
  const Array& rules = Items(role, "rules");
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = p[i];
    const Value& rule = rules[i];
    if (Items(rule, "verbs").empty()) e.Required(at / "verbs", "verbs must contain at least one value");
    const bool urls = !Items(rule, "nonResourceURLs").empty();
    const bool groups = !Items(rule, "apiGroups").empty(), resources = !Items(rule, "resources").empty();
    if (urls) {
      const Value& shown = Get(rule, "nonResourceURLs");
      if (namespaced) e.Invalid(at / "nonResourceURLs", shown, "namespaced rules cannot apply to non-resource URLs");
      if (groups || resources || !Items(rule, "resourceNames").empty()) {
        e.Invalid(at / "nonResourceURLs", shown, "rules cannot apply to both regular resources and non-resource URLs");
      }
      continue;
    }
    if (!groups) e.Required(at / "apiGroups", "resource rules must supply at least one api group");
    if (!resources) e.Required(at / "resources", "resource rules must supply at least one resource");
  }
}

void RoleCreate(FieldErrors& e, const Value& role) {
  Metadata(e, role, true, PathSegmentName);
  Rules(e, role, true);
}

void RoleUpdate(FieldErrors& e, const Value& role, const Value& old) {
  RoleCreate(e, role);
  MetadataUpdate(e, role, old);
}

void ClusterRoleCreate(FieldErrors& e, const Value& role) {
  Metadata(e, role, false, PathSegmentName);
  Rules(e, role, false);
  const Value* aggregation = role.Find("aggregationRule");
  if (aggregation == nullptr) return;
  const Path p("aggregationRule.clusterRoleSelectors");
  const Array& selectors = Items(*aggregation, "clusterRoleSelectors");
  if (selectors.empty()) {
    e.Required(p, "at least one clusterRoleSelector required if aggregationRule is non-nil");
  }
  for (size_t i = 0; i < selectors.size(); ++i) {
    LabelSelectorObject(e, p[i], &selectors[i]);
    if (!apimachinery::LabelSelector::FromObject(&selectors[i]).ok()) e.Invalid(p[i], Value(), "invalid label selector.");
  }
}

void ClusterRoleUpdate(FieldErrors& e, const Value& role, const Value& old) {
  ClusterRoleCreate(e, role);
  MetadataUpdate(e, role, old);
}

void Binding(FieldErrors& e, const Value& binding, bool namespaced) {
  Metadata(e, binding, namespaced, PathSegmentName);
  const Path ref_path("roleRef");
  const Value& ref = Sub(binding, "roleRef");
  OneOf(e, ref_path / "apiGroup", Text(ref, "apiGroup"), {kGroup});
  if (namespaced) {
    OneOf(e, ref_path / "kind", Text(ref, "kind"), {"Role", "ClusterRole"});
  } else {
    OneOf(e, ref_path / "kind", Text(ref, "kind"), {"ClusterRole"});
  }
  const absl::string_view name = Text(ref, "name");
  if (name.empty()) {
    e.Required(ref_path / "name");
  } else {
    Named(e, ref_path / "name", name, PathSegmentName(name, false));
  }
  const Path p("subjects");
  const Array& subjects = Items(binding, "subjects");
  for (size_t i = 0; i < subjects.size(); ++i) {
    const Path at = p[i];
    const Value& s = subjects[i];
    const absl::string_view kind = Text(s, "kind"), group = Text(s, "apiGroup"), who = Text(s, "name");
    if (who.empty()) e.Required(at / "name");
    if (kind == "ServiceAccount") {
      if (!who.empty()) Named(e, at / "name", who, SubdomainName(who, false));
      if (!group.empty()) OneOf(e, at / "apiGroup", group, {""});
      if (!namespaced && Text(s, "namespace").empty()) e.Required(at / "namespace");
    } else if (kind == "User" || kind == "Group") {
      OneOf(e, at / "apiGroup", group, {kGroup});
    } else {
      OneOf(e, at / "kind", kind, {"ServiceAccount", "User", "Group"});
    }
  }
}

void SameRef(FieldErrors& e, const Value& binding, const Value& old) {
  MetadataUpdate(e, binding, old);
  if (SameMember(binding, old, "roleRef")) return;
  const Value& ref = Sub(binding, "roleRef");
  Value shown = Value::MakeObject();  // as upstream prints its inner type
  shown.Set("APIGroup", Value(Text(ref, "apiGroup")));
  shown.Set("Kind", Value(Text(ref, "kind")));
  shown.Set("Name", Value(Text(ref, "name")));
  e.Invalid(Path("roleRef"), shown, "cannot change roleRef");
}

void RoleBindingCreate(FieldErrors& e, const Value& binding) { Binding(e, binding, true); }
void RoleBindingUpdate(FieldErrors& e, const Value& binding, const Value& old) {
  Binding(e, binding, true);
  SameRef(e, binding, old);
}
void ClusterRoleBindingCreate(FieldErrors& e, const Value& binding) { Binding(e, binding, false); }
void ClusterRoleBindingUpdate(FieldErrors& e, const Value& binding, const Value& old) {
  Binding(e, binding, false);
  SameRef(e, binding, old);
}

}  // namespace

absl::Span<const KindRules> RbacKinds() {
  static constexpr KindRules kRules[] = {
      {kGroup, "Role", RoleCreate, RoleUpdate},
      {kGroup, "ClusterRole", ClusterRoleCreate, ClusterRoleUpdate},
      {kGroup, "RoleBinding", RoleBindingCreate, RoleBindingUpdate},
      {kGroup, "ClusterRoleBinding", ClusterRoleBindingCreate, ClusterRoleBindingUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
