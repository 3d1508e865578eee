#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "apiserver/auth/quote.h"
#include "apiserver/auth/rules.h"

namespace apiserver::auth {
namespace {

using apimachinery::Value;
using pipeline::GroupResource;

constexpr char kGroup[] = "rbac.authorization.k8s.io";
const GroupResource kClusterRoles{kGroup, "clusterroles"}, kRoles{kGroup, "roles"},
    kClusterBindings{kGroup, "clusterrolebindings"}, kBindings{kGroup, "rolebindings"};

using Rules = std::shared_ptr<const std::vector<PolicyRule>>;

// A binding as one of its subjects sees it.
struct Grant {
  int order = 0;       // of the binding in the list of its namespace
  Rules rules;         // nullptr: `error`
  std::string error;   // the role reference leads nowhere
  std::string source;  // ClusterRoleBinding "x" of ClusterRole "y" to Group "z"
};

using Grants = absl::flat_hash_map<std::string, std::vector<Grant>>;  // "u:NAME" or "g:GROUP" -> grants

struct Compiled {
  std::array<uint64_t, 4> generations{};
  std::map<std::string, Grants, std::less<>> by_namespace;  // "" holds the cluster-wide ones
  absl::flat_hash_map<std::string, Rules> roles;            // "NAMESPACE/NAME", "/NAME" for cluster roles
};

// The labels select the role: matchLabels and matchExpressions over plain sets.
bool Selects(const Value& selector, const Value& labels) {
  for (const auto& [key, wanted] : selector.GetObject("matchLabels")) {
    const Value* have = labels.Find(key);
    if (have == nullptr || !(*have == wanted)) return false;
  }
  for (const Value& expression : selector.GetArray("matchExpressions")) {
    const Value* have = labels.Find(expression.GetString("key"));
    const std::string op = expression.GetString("operator");
    const auto& values = expression.GetArray("values");
    const bool in = have != nullptr && std::find(values.begin(), values.end(), *have) != values.end();
    if ((op == "In" && !in) || (op == "NotIn" && in) || (op == "Exists" && have == nullptr) ||
        (op == "DoesNotExist" && have != nullptr)) {
      return false;
    }
  }
  return true;
}

std::string SubjectText(const Value& subject, absl::string_view ns) {
  const std::string kind = subject.GetString("kind"), name = subject.GetString("name");
  if (kind != "ServiceAccount") return absl::StrCat(kind, " ", Quote(name));
  return absl::StrCat(kind, " ", Quote(absl::StrCat(name, "/", subject.GetString("namespace", ns))));
}

std::string SubjectKey(const Value& subject, absl::string_view ns) {
  const std::string kind = subject.GetString("kind"), name = subject.GetString("name");
  if (kind == "User") return absl::StrCat("u:", name);
  if (kind == "Group") return absl::StrCat("g:", name);
  if (kind != "ServiceAccount") return "";
  const std::string of = subject.GetString("namespace").empty() ? std::string(ns) : subject.GetString("namespace");
  return of.empty() ? "" : absl::StrCat("u:system:serviceaccount:", of, ":", name);
}

bool FindRules(const Compiled& compiled, const Value& role_ref, absl::string_view ns, Rules* rules, std::string* error) {
  const std::string kind = role_ref.GetString("kind"), name = role_ref.GetString("name");
  if (kind != "Role" && kind != "ClusterRole") {
    *error = absl::StrCat("unsupported role reference kind: ", Quote(kind));
    return false;
  }
  const auto it = compiled.roles.find(kind == "Role" ? absl::StrCat(ns, "/", name) : absl::StrCat("/", name));
  if (it == compiled.roles.end()) {
    *error = absl::StrCat(kind == "Role" ? "role" : "clusterrole", ".", kGroup, " ", Quote(name), " not found");
    return false;
  }
  *rules = it->second;
  return true;
}

void AddBinding(const Value& binding, absl::string_view kind, int order, Compiled& compiled) {
  const std::string ns = binding.GetString("metadata.namespace"), name = binding.GetString("metadata.name");
  const Value* ref = binding.Find("roleRef");
  if (ref == nullptr) return;
  Grant grant{.order = order};
  FindRules(compiled, *ref, ns, &grant.rules, &grant.error);
  for (const Value& subject : binding.GetArray("subjects")) {
    const std::string key = SubjectKey(subject, ns);
    if (key.empty()) continue;
    std::vector<Grant>& grants = compiled.by_namespace[ns][key];
    if (!grants.empty() && grants.back().order == order) continue;  // the same subject twice
    grants.push_back(grant);
    grants.back().source = absl::StrCat(kind, " ", Quote(ns.empty() ? name : absl::StrCat(name, "/", ns)), " of ",
                                        ref->GetString("kind"), " ", Quote(ref->GetString("name")), " to ",
                                        SubjectText(subject, ns));
  }
}

std::shared_ptr<const Compiled> Compile(const ObjectReader& reader, std::array<uint64_t, 4> generations) {
  auto out = std::make_shared<Compiled>();
  out->generations = generations;
  for (const auto& role : reader.List(kClusterRoles, "")) {
    auto rules = std::make_shared<std::vector<PolicyRule>>(RulesOf(*role));
    if (role->Has("aggregationRule")) {
      const Value aggregated = AggregatedRules(*role, reader);
      for (const Value& rule : aggregated.is_array() ? aggregated.array() : apimachinery::Array{}) {
        rules->push_back(RuleOf(rule));
      }
    }
    out->roles[absl::StrCat("/", role->GetString("metadata.name"))] = std::move(rules);
  }
  for (const auto& role : reader.List(kRoles, "")) {
    out->roles[absl::StrCat(role->GetString("metadata.namespace"), "/", role->GetString("metadata.name"))] =
        std::make_shared<std::vector<PolicyRule>>(RulesOf(*role));
  }
  int order = 0;
  for (const auto& binding : reader.List(kClusterBindings, "")) AddBinding(*binding, "ClusterRoleBinding", order++, *out);
  for (const auto& binding : reader.List(kBindings, "")) AddBinding(*binding, "RoleBinding", order++, *out);
  return out;
}

// The user's grants of one namespace in the order of bindings, each binding once.
std::vector<const Grant*> GrantsOf(const Compiled& compiled, const UserInfo& user, absl::string_view ns) {
  std::vector<const Grant*> out;
  const auto found = compiled.by_namespace.find(ns);
  if (found == compiled.by_namespace.end()) return out;
  const auto add = [&](const std::string& key) {
    const auto it = found->second.find(key);
    if (it == found->second.end()) return;
    for (const Grant& grant : it->second) out.push_back(&grant);
  };
  add(absl::StrCat("u:", user.name));
  for (const std::string& group : user.groups) add(absl::StrCat("g:", group));
  std::stable_sort(out.begin(), out.end(), [](const Grant* a, const Grant* b) { return a->order < b->order; });
  out.erase(std::unique(out.begin(), out.end(), [](const Grant* a, const Grant* b) { return a->order == b->order; }),
            out.end());
  return out;
}

}  // namespace

struct RbacAuthorizer::Impl {
  explicit Impl(const ObjectReader& r) : reader(r) {}

  std::shared_ptr<const Compiled> Current() {
    const std::array<uint64_t, 4> now = {reader.Generation(kClusterRoles), reader.Generation(kRoles),
                                         reader.Generation(kClusterBindings), reader.Generation(kBindings)};
    absl::MutexLock lock(&mu);
    if (compiled == nullptr || compiled->generations != now) compiled = Compile(reader, now);
    return compiled;
  }

  const ObjectReader& reader;
  absl::Mutex mu;
  std::shared_ptr<const Compiled> compiled ABSL_GUARDED_BY(mu);
};

RbacAuthorizer::RbacAuthorizer(const ObjectReader& reader) : impl_(std::make_unique<Impl>(reader)) {}
RbacAuthorizer::~RbacAuthorizer() = default;

Decision RbacAuthorizer::Authorize(const Attributes& attributes) const {
  const auto compiled = impl_->Current();
  std::vector<std::string> errors;
  const auto look_in = [&](absl::string_view ns) -> const Grant* {
    for (const Grant* grant : GrantsOf(*compiled, attributes.user, ns)) {
      if (grant->rules == nullptr) {
        if (std::find(errors.begin(), errors.end(), grant->error) == errors.end()) errors.push_back(grant->error);
        continue;
      }
      for (const PolicyRule& rule : *grant->rules) {
        if (Allows(rule, attributes.request)) return grant;
      }
    }
    return nullptr;
  };
  const Grant* grant = look_in("");
  if (grant == nullptr && !attributes.request.ns.empty()) grant = look_in(attributes.request.ns);
  if (grant != nullptr) return {Decision::Kind::kAllow, absl::StrCat("RBAC: allowed by ", grant->source)};
  if (errors.empty()) return {};
  return {Decision::Kind::kNoOpinion,
          errors.size() == 1 ? absl::StrCat("RBAC: ", errors[0])
                             : absl::StrCat("RBAC: [", absl::StrJoin(errors, ", "), "]")};
}

std::vector<PolicyRule> RbacAuthorizer::RulesFor(const UserInfo& user, absl::string_view ns,
                                                 std::vector<std::string>* errors) const {
  const auto compiled = impl_->Current();
  std::vector<PolicyRule> out;
  const auto add = [&](absl::string_view of) {
    for (const Grant* grant : GrantsOf(*compiled, user, of)) {
      if (grant->rules != nullptr) {
        out.insert(out.end(), grant->rules->begin(), grant->rules->end());
      } else if (errors != nullptr) {
        errors->push_back(grant->error);
      }
    }
  };
  add("");
  if (!ns.empty()) add(ns);
  return out;
}

bool RbacAuthorizer::RulesOfReference(const Value& role_ref, absl::string_view ns, std::vector<PolicyRule>* rules,
                                      std::string* error) const {
  Rules found;
  if (!FindRules(*impl_->Current(), role_ref, ns, &found, error)) return false;
  *rules = *found;
  return true;
}

namespace {

// Adds the rules of each role the aggregate selects, and of what a selected aggregate selects in turn.
void Aggregate(const Value& aggregate, const std::vector<pipeline::ObjectPtr>& roles, std::set<std::string>* seen,
               apimachinery::Array* rules) {
  static const Value none = Value::MakeObject();
  for (const auto& role : roles) {
    const Value* labels = role->At("metadata.labels");
    const auto& selectors = aggregate.GetArray("aggregationRule.clusterRoleSelectors");
    const auto selects = [&](const Value& selector) { return Selects(selector, labels ? *labels : none); };
    if (!std::any_of(selectors.begin(), selectors.end(), selects)) continue;
    if (!seen->insert(role->GetString("metadata.name")).second) continue;
    for (const Value& rule : role->GetArray("rules")) {
      if (std::find(rules->begin(), rules->end(), rule) == rules->end()) rules->push_back(rule);
    }
    if (role->Has("aggregationRule")) Aggregate(*role, roles, seen, rules);
  }
}

}  // namespace

Value AggregatedRules(const Value& cluster_role, const ObjectReader& reader) {
  std::set<std::string> seen = {cluster_role.GetString("metadata.name")};
  apimachinery::Array rules;
  Aggregate(cluster_role, reader.List(kClusterRoles, ""), &seen, &rules);
  return Value(std::move(rules));
}

}  // namespace apiserver::auth
