// Node, Namespace, ResourceQuota and LimitRange.
#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/time.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

// ---- Node

void Taints(FieldErrors& e, const Path& p, const Array& taints) {
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < taints.size(); ++i) {
    const Path at = p[i];
    const Value& t = taints[i];
    const absl::string_view key = Text(t, "key"), value = Text(t, "value"), effect = Text(t, "effect");
    LabelName(e, at / "key", key);
    const Problems problems = apimachinery::IsValidLabelValue(value);
    if (!problems.empty()) e.Invalid(at / "value", Value(value), absl::StrJoin(problems, ";"));
    TaintEffect(e, at / "effect", effect, false);
    if (seen.insert({std::string(key), std::string(effect)}).second) continue;
    FieldErrors found;
    Value shown = Value::MakeObject();  // as upstream prints its inner type
    shown.Set("Key", Value(key));
    shown.Set("Value", Value(value));
    shown.Set("Effect", Value(effect));
    shown.Set("TimeAdded", Get(t, "timeAdded"));
    found.Duplicate(at, shown);
    apimachinery::FieldError error = found.errors()[0];
    error.detail = "taints must be unique by key and effect pair";
    e.Add(std::move(error));
  }
}

void NodeAmounts(FieldErrors& e, const Value& node) {
  for (const char* key : {"capacity", "allocatable"}) {
    const Path status("status");
    const Path list = status / key;
    for (const auto& [name, amount] : Entries(Sub(node, "status"), key)) ResourceAmount(e, list / name, name, amount);
  }
}

// UpperCamelCase, then segments that begin with any letter.
bool IsFeatureName(absl::string_view name) {
  bool first = true;
  for (absl::string_view part : absl::StrSplit(name, '/')) {
    if (part.empty() || !(first ? absl::ascii_isupper(part[0]) : absl::ascii_isalpha(part[0]))) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isalnum(c); })) return false;
    first = false;
  }
  return true;
}

void DeclaredFeatures(FieldErrors& e, const Value& node) {
  constexpr size_t kLongest = 253;
  const Path status("status");
  const Path p = status / "declaredFeatures";
  const Array& features = Items(Sub(node, "status"), "declaredFeatures");
  for (size_t i = 0; i < features.size(); ++i) {
    const std::string& name = features[i].as_string();
    const std::string invalid = absl::StrCat("invalid feature name ", apimachinery::GoQuote(name), ": ");
    if (name.size() > kLongest) {
      e.Invalid(p[i], name, absl::StrCat(invalid, "must be no more than ", kLongest, " characters"));
    } else if (!IsFeatureName(name)) {
      e.Invalid(p[i], name, absl::StrCat(invalid, "must start with an UpperCamelCase segment, with subsequent segments "
                                                  "separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and "
                                                  "contain only alphanumeric characters and slashes"));
    }
    if (i + 1 == features.size()) break;
    const std::string& next = features[i + 1].as_string();
    if (name == next) e.Duplicate(p[i + 1], next);
    if (name > next) e.Invalid(p[i + 1], next, "list must be sorted alphabetically");
  }
}

void NodeCreate(FieldErrors& e, const Value& node) {
  const Path metadata("metadata"), spec_path("spec"), status("status");
  const Value& spec = Sub(node, "spec");
  Metadata(e, node, false, SubdomainName);
  Taints(e, metadata / "taints", Items(spec, "taints"));
  NodeAmounts(e, node);
  if (const Value* capacity = node.At("status.nodeInfo.swap.capacity"); capacity && capacity->as_int() <= 0) {
    e.Invalid(metadata / "nodeSwapStatus.capacity", *capacity, kNotPositive);
  }
  DeclaredFeatures(e, node);
  const Array& cidrs = Items(spec, "podCIDRs");
  const Path cidrs_path = spec_path / "podCIDRs";
  int v4 = 0, v6 = 0;
  for (size_t i = 0; i < cidrs.size(); ++i) {
    int family = 0;
    LegacyCidr(e, cidrs_path[i], cidrs[i].as_string());
    if (ParseCidr(cidrs[i].as_string(), &family)) (family == 6 ? v6 : v4)++;
  }
  if (cidrs.size() > 1) {
    if (v4 + v6 != static_cast<int>(cidrs.size())) {
      const auto bad = std::find_if(cidrs.begin(), cidrs.end(), [](const Value& c) { return !ParseCidr(c.as_string()); });
      e.Internal(cidrs_path, absl::StrCat("invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[",
                                          bad - cidrs.begin(), "]: <nil> (invalid CIDR address: ", bad->as_string(), ")"));
    }
    if (v4 == 0 || v6 == 0 || cidrs.size() > 2) {
      e.Invalid(cidrs_path, Get(spec, "podCIDRs"), "may specify no more than one CIDR for each IP family");
    }
  }
}

void NodeUpdate(FieldErrors& e, const Value& node, const Value& old) {
  MetadataUpdate(e, node, old);
  NodeAmounts(e, node);
  DeclaredFeatures(e, node);
  const Path metadata("metadata"), spec_path("spec"), status("status");
  const Value& spec = Sub(node, "spec");
  const Value& before = Sub(old, "spec");
  const Array& addresses = Items(Sub(node, "status"), "addresses");
  const Path addresses_path = status / "addresses";
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (std::find(addresses.begin(), addresses.begin() + i, addresses[i]) == addresses.begin() + i) continue;
    Value shown = Value::MakeObject();
    shown.Set("Type", Value(Text(addresses[i], "type")));
    shown.Set("Address", Value(Text(addresses[i], "address")));
    e.Duplicate(addresses_path[i], shown);
  }
  const Array& cidrs = Items(spec, "podCIDRs");
  const Array& old_cidrs = Items(before, "podCIDRs");
  constexpr char kCidr[] = "node updates may not change podCIDR except from \"\" to valid";
  if (!old_cidrs.empty()) {
    if (cidrs.size() != old_cidrs.size()) {
      e.Forbidden(spec_path / "podCIDRs", kCidr);
    } else {
      for (size_t i = 0; i < cidrs.size(); ++i) {
        if (!(cidrs[i] == old_cidrs[i])) e.Forbidden(spec_path / "podCIDRs", kCidr);
      }
    }
  }
  const absl::string_view provider = Text(before, "providerID");
  if (!provider.empty() && provider != Text(spec, "providerID")) {
    e.Forbidden(spec_path / "providerID", "node updates may not change providerID except from \"\" to valid");
  }
  Taints(e, metadata / "taints", Items(spec, "taints"));
  if (Text(spec, "externalID") != Text(before, "externalID")) {
    e.Forbidden(spec_path / "externalID", "may not be updated");
  }
}

// ---- Namespace

void NamespaceCreate(FieldErrors& e, const Value& ns) {
  Metadata(e, ns, false, LabelNameRule);
  const Path spec("spec");
  for (const Value& item : Items(Sub(ns, "spec"), "finalizers")) {
    Named(e, spec / "finalizers", item.as_string(), apimachinery::IsQualifiedName(item.as_string()));
    KubeFinalizer(e, spec / "finalizers", item.as_string());
  }
}

void NamespaceUpdate(FieldErrors& e, const Value& ns, const Value& old) { MetadataUpdate(e, ns, old); }

void NamespaceStatus(FieldErrors& e, const Value& ns, const Value& old) {
  MetadataUpdate(e, ns, old);
  const Path status("status");
  const std::string phase = ns.GetString("status.phase");
  const bool deleted = ns.At("metadata.deletionTimestamp") != nullptr;
  if (!deleted && phase != "Active") {
    e.Invalid(status / "Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty");
  }
  if (deleted && phase != "Terminating") {
    e.Invalid(status / "Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
  }
}

// ---- ResourceQuota

constexpr Strings kScopes = {"Terminating",   "NotTerminating",       "BestEffort",
                             "NotBestEffort", "PriorityClass",        "VolumeAttributesClass",
                             "CrossNamespacePodAffinity"};

bool ScopeFits(absl::string_view scope, absl::string_view resource) {
  const bool compute = In(resource, {"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"});
  if (scope == "BestEffort") return resource == "pods";
  if (scope == "VolumeAttributesClass") return In(resource, {"persistentvolumeclaims", "requests.storage"});
  return In(scope, kScopes) ? resource == "pods" || compute : true;
}

bool ConflictingScopes(const std::set<std::string>& scopes) {
  return (scopes.count("BestEffort") && scopes.count("NotBestEffort")) ||
         (scopes.count("Terminating") && scopes.count("NotTerminating"));
}

void QuotaList(FieldErrors& e, const Path& p, const Value& owner, absl::string_view key) {
  const Path list = p / key;
  for (const auto& [name, amount] : Entries(owner, key)) {
    const Path at = list.Key(name);
    QuotaResourceName(e, at, name);
    ResourceAmount(e, at, name, amount);
  }
}

void QuotaSpec(FieldErrors& e, const Value& spec) {
  const Path p("spec");
  QuotaList(e, p, spec, "hard");
  std::set<std::string> resources, scopes;
  for (const auto& [name, amount] : Entries(spec, "hard")) resources.insert(name);
  const Value& shown = Get(spec, "scopes");
  for (const Value& item : Items(spec, "scopes")) {
    const std::string& scope = item.as_string();
    if (!In(scope, kScopes)) e.Invalid(p / "scopes", shown, "unsupported scope");
    for (const std::string& name : resources) {
      if (IsStandardQuotaResource(name) && !ScopeFits(scope, name)) {
        e.Invalid(p / "scopes", shown, "unsupported scope applied to resource");
      }
    }
    scopes.insert(scope);
  }
  if (ConflictingScopes(scopes)) e.Invalid(p / "scopes", shown, "conflicting scopes");
  const Value* selector = spec.Find("scopeSelector");
  if (selector == nullptr) return;
  const Path selector_path = p / "scopeSelector";
  const Path at = selector_path / "matchExpressions";
  Value selector_shown = Value::MakeObject();  // as upstream prints its inner type
  Value expressions_shown;
  for (const Value& r : Items(*selector, "matchExpressions")) {
    Value one = Value::MakeObject();
    one.Set("ScopeName", Value(Text(r, "scopeName")));
    one.Set("Operator", Value(Text(r, "operator")));
    one.Set("Values", Get(r, "values"));
    expressions_shown.Append(std::move(one));
  }
  selector_shown.Set("MatchExpressions", std::move(expressions_shown));
  scopes.clear();
  for (const Value& r : Items(*selector, "matchExpressions")) {
    const absl::string_view scope = Text(r, "scopeName"), op = Text(r, "operator");
    const bool has_values = !Items(r, "values").empty();
    if (!In(scope, kScopes)) e.Invalid(at / "scopeName", Value(scope), "unsupported scope");
    for (const std::string& name : resources) {
      if (IsStandardQuotaResource(name) && !ScopeFits(scope, name)) {
        e.Invalid(at, selector_shown, "unsupported scope applied to resource");
      }
    }
    if (In(scope, {"BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"}) &&
        op != "Exists") {
      e.Invalid(at / "operator", Value(op),
                "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
                "ResourceQuotaScopeCrossNamespacePodAffinity");
    }
    if (In(op, {"In", "NotIn"})) {
      if (!has_values) {
        e.Required(at / "values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
      }
    } else if (In(op, {"Exists", "DoesNotExist"})) {
      if (has_values) {
        e.Invalid(at / "values", Get(r, "values"),
                  "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
      }
    } else {
      e.Invalid(at / "operator", Value(op), "not a valid selector operator");
    }
    scopes.insert(std::string(scope));
  }
  if (ConflictingScopes(scopes)) e.Invalid(at, shown, "conflicting scopes");
}

void QuotaCreate(FieldErrors& e, const Value& quota) {
  Metadata(e, quota, true, SubdomainName);
  QuotaSpec(e, Sub(quota, "spec"));
  QuotaList(e, Path("status"), Sub(quota, "status"), "hard");
  QuotaList(e, Path("status"), Sub(quota, "status"), "used");
}

void QuotaUpdate(FieldErrors& e, const Value& quota, const Value& old) {
  MetadataUpdate(e, quota, old);
  QuotaSpec(e, Sub(quota, "spec"));
  std::set<std::string> now, before;
  for (const Value& scope : Items(Sub(quota, "spec"), "scopes")) now.insert(scope.as_string());
  for (const Value& scope : Items(Sub(old, "spec"), "scopes")) before.insert(scope.as_string());
  if (now != before) e.Invalid(Path("spec.scopes"), Get(Sub(quota, "spec"), "scopes"), kImmutable);
}

void QuotaStatus(FieldErrors& e, const Value& quota, const Value& old) {
  MetadataUpdate(e, quota, old);
  QuotaList(e, Path("status"), Sub(quota, "status"), "hard");
  QuotaList(e, Path("status"), Sub(quota, "status"), "used");
}

// ---- LimitRange

void LimitRangeCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, true, SubdomainName);
  const Path spec("spec");
  const Path p = spec / "limits";
  const Array& limits = Items(Sub(object, "spec"), "limits");
  std::set<std::string> types;
  for (size_t i = 0; i < limits.size(); ++i) {
    const Path at = p[i];
    const Value& limit = limits[i];
    const absl::string_view type = Text(limit, "type");
    const Problems problems = apimachinery::IsQualifiedName(type);
    Named(e, at / "type", type, problems);
    if (problems.empty() && !absl::StrContains(type, "/") &&
        !In(type, {"Pod", "Container", "PersistentVolumeClaim"})) {
      e.Invalid(at / "type", Value(type), "must be a standard limit type or fully qualified");
    }
    if (!types.insert(std::string(type)).second) e.Duplicate(at / "type", Value(type));
    std::set<std::string> keys;
    const auto names = [&](absl::string_view key) {
      const Path list = at / key;
      for (const auto& [name, amount] : Entries(limit, key)) {
        if (type == "Pod" || type == "Container") {
          ContainerResourceName(e, list.Key(name), name);
        } else {
          ResourceName(e, list.Key(name), name);
        }
        keys.insert(name);
      }
    };
    names("max");
    names("min");
    if (type == "Pod") {
      for (const char* key : {"default", "defaultRequest"}) {
        if (!Entries(limit, key).empty()) e.Forbidden(at / key, "may not be specified when `type` is 'Pod'");
      }
    } else {
      names("default");
      names("defaultRequest");
    }
    if (type == "PersistentVolumeClaim" && !Sub(limit, "min").Has("storage") && !Sub(limit, "max").Has("storage")) {
      e.Required(at / "limits", "either minimum or maximum storage value is required, but neither was provided");
    }
    names("maxLimitRequestRatio");
    const bool pod = type == "Pod";
    for (const std::string& name : keys) {
      const Value* min = Sub(limit, "min").Find(name);
      const Value* max = Sub(limit, "max").Find(name);
      const Value* def = pod ? nullptr : Sub(limit, "default").Find(name);
      const Value* request = pod ? nullptr : Sub(limit, "defaultRequest").Find(name);
      const Value* ratio = Sub(limit, "maxLimitRequestRatio").Find(name);
      const auto above = [](const Value* a, const Value* b) {
        return a != nullptr && b != nullptr && QuantityOf(*b) < QuantityOf(*a);
      };
      const auto say = [&](absl::string_view key, const Value& shown, std::string text) {
        const Path list = at / key;
        e.Invalid(list.Key(name), shown, text);
      };
      const auto text = [](const Value* v) { return v->as_string(); };
      if (above(min, max)) say("min", *min, absl::StrCat("min value ", text(min), " is greater than max value ", text(max)));
      if (above(min, request)) {
        say("defaultRequest", *request,
            absl::StrCat("min value ", text(min), " is greater than default request value ", text(request)));
      }
      if (above(request, max)) {
        say("defaultRequest", *request,
            absl::StrCat("default request value ", text(request), " is greater than max value ", text(max)));
      }
      if (above(request, def)) {
        say("defaultRequest", *request,
            absl::StrCat("default request value ", text(request), " is greater than default limit value ", text(def)));
      }
      if (above(min, def)) {
        say("default", *min, absl::StrCat("min value ", text(min), " is greater than default value ", text(def)));
      }
      if (above(def, max)) {
        say("default", *max, absl::StrCat("default value ", text(def), " is greater than max value ", text(max)));
      }
      if (ratio != nullptr && QuantityOf(*ratio) < Quantity::FromInt(1)) {
        say("maxLimitRequestRatio", *ratio, absl::StrCat("ratio ", text(ratio), " is less than 1"));
      }
      if (ratio != nullptr && min != nullptr && max != nullptr) {
        const double most = QuantityOf(*max).AsDouble() / QuantityOf(*min).AsDouble();
        if (QuantityOf(*ratio).AsDouble() > most) {
          say("maxLimitRequestRatio", *ratio,
              absl::StrFormat("ratio %s is greater than max/min = %f", text(ratio), most));
        }
      }
      if ((IsHugePage(name) || !IsNativeResource(name)) && def != nullptr && request != nullptr &&
          !(QuantityOf(*def) == QuantityOf(*request))) {
        say("defaultRequest", *request,
            absl::StrCat("default value ", text(def), " must equal to defaultRequest value ", text(request), " in ", name));
      }
    }
  }
}

void LimitRangeUpdate(FieldErrors& e, const Value& object, const Value&) {
  LimitRangeCreate(e, object);
}

}  // namespace

void NamespaceFinalize(FieldErrors& e, const Value& ns, const Value& old) {
  MetadataUpdate(e, ns, old);
  const Path spec("spec");
  const Path p = spec / "finalizers";
  const Array& items = Items(Sub(ns, "spec"), "finalizers");
  for (size_t i = 0; i < items.size(); ++i) {
    Named(e, p[i], items[i].as_string(), apimachinery::IsQualifiedName(items[i].as_string()));
    KubeFinalizer(e, p[i], items[i].as_string());
  }
}

absl::Span<const KindRules> ClusterKinds() {
  static constexpr KindRules kRules[] = {
      {"", "Node", NodeCreate, NodeUpdate, NodeUpdate},
      {"", "Namespace", NamespaceCreate, NamespaceUpdate, NamespaceStatus},
      {"", "ResourceQuota", QuotaCreate, QuotaUpdate, QuotaStatus},
      {"", "LimitRange", LimitRangeCreate, LimitRangeUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
