// Names and amounts of resources: cpu, memory, hugepages-2Mi, example.com/gpu, requests.storage.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {
namespace {

constexpr Strings kQuotaResources = {
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
    "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas",
    "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports",
    "services.loadbalancers"};

bool IsQuotaHugePage(absl::string_view name) {
  return absl::StartsWith(name, "hugepages-") || absl::StartsWith(name, "requests.hugepages-");
}

bool IsStandard(absl::string_view name) { return name == "storage" || In(name, kQuotaResources) || IsQuotaHugePage(name); }

bool IsInteger(absl::string_view name) {
  return In(name, {"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
                   "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"}) ||
         IsExtendedResource(name);
}

bool Overcommit(absl::string_view name) { return IsNativeResource(name) && !IsHugePage(name); }

bool NameOk(FieldErrors& e, const Path& p, absl::string_view name) {
  const Problems problems = apimachinery::IsQualifiedName(name);
  Named(e, p, name, problems);
  return problems.empty();
}

void HugePageAmount(FieldErrors& e, const Path& p, absl::string_view name, const Value& amount) {
  const auto page = Quantity::Parse(absl::StripPrefix(name, "hugepages-"));
  const Quantity q = QuantityOf(amount);
  const bool whole = page.ok() && page->Sign() > 0 && page->MilliValue() % 1000 == 0 && q.Value() % page->Value() == 0;
  if (!whole) e.Invalid(p, amount, absl::StrCat(amount.as_string(), " is not positive integer multiple of ", name));
}

void PodLevelName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (!NameOk(e, p, name)) return;
  if (!absl::StrContains(name, "/") && !IsStandard(name)) {
    return e.Invalid(p, Value(name), "must be a standard resource type or fully qualified");
  }
  if (!IsHugePage(name)) OneOf(e, p, name, {"cpu", "hugepages-", "memory"});
}

void ClaimNames(FieldErrors& e, const Path& p, const Array& items, const std::set<std::string>& known) {
  std::set<std::string> names;
  for (size_t i = 0; i < items.size(); ++i) {
    const Path at = p[i];
    const std::string name(Text(items[i], "name")), request(Text(items[i], "request"));
    if (name.empty()) {
      e.Required(at);
      continue;
    }
    if (names.count(name)) {
      e.Duplicate(at, name);
    } else {
      std::string key = name;
      if (!request.empty()) {
        Named(e, at / "request", request, apimachinery::IsDns1123Label(request));
        absl::StrAppend(&key, "/", request);
      }
      if (names.count(key)) {
        e.Duplicate(at, key);
      } else if (request.empty()) {
        for (const std::string& other : names) {
          if (absl::StartsWith(other, absl::StrCat(name, "/"))) e.Duplicate(at, name);
        }
      }
      names.insert(key);
    }
    if (!known.count(name)) {
      FieldErrors found;
      found.NotFound(at, name);
      apimachinery::FieldError error = found.errors()[0];
      error.detail = absl::StrCat("must be one of the names in pod.spec.resourceClaims",
                                  known.empty() ? " which is empty" : absl::StrCat(": ", absl::StrJoin(known, ", ")));
      e.Add(std::move(error));
    }
  }
}

}  // namespace

bool IsNativeResource(absl::string_view name) {
  return !absl::StrContains(name, "/") || absl::StrContains(name, "kubernetes.io/");
}
bool IsExtendedResource(absl::string_view name) {
  return !IsNativeResource(name) && !absl::StartsWith(name, "requests.") &&
         apimachinery::IsQualifiedName(absl::StrCat("requests.", name)).empty();
}
bool IsHugePage(absl::string_view name) { return absl::StartsWith(name, "hugepages-"); }
bool IsStandardQuotaResource(absl::string_view name) { return In(name, kQuotaResources) || IsQuotaHugePage(name); }

void ResourceName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (!NameOk(e, p, name)) return;
  if (!absl::StrContains(name, "/") && !IsStandard(name)) {
    e.Invalid(p, Value(name), "must be a standard resource type or fully qualified");
  }
}

void ContainerResourceName(FieldErrors& e, const Path& p, absl::string_view name) {
  ResourceName(e, p, name);
  if (!absl::StrContains(name, "/")) {
    if (!In(name, {"cpu", "memory", "ephemeral-storage"}) && !IsHugePage(name)) {
      e.Invalid(p, Value(name), "must be a standard resource for containers");
    }
  } else if (!IsNativeResource(name) && !IsExtendedResource(name)) {
    e.Invalid(p, Value(name), "doesn't follow extended resource name standard");
  }
}

void QuotaResourceName(FieldErrors& e, const Path& p, absl::string_view name) {
  ResourceName(e, p, name);
  if (!absl::StrContains(name, "/") && !IsStandardQuotaResource(name)) {
    e.Invalid(p, Value(name), "must be a standard resource for quota");
  }
}

void ResourceAmount(FieldErrors& e, const Path& p, absl::string_view name, const Value& amount) {
  const Quantity q = QuantityOf(amount);
  if (q.Sign() < 0) e.Invalid(p, amount, kNegative);
  if (IsInteger(name) && q.UncheckedScaledValue(-3) % 1000 != 0) e.Invalid(p, amount, "must be an integer");
}

void ResourceRequirements(FieldErrors& e, const Path& p, const Value* resources, const std::set<std::string>& claims,
                          bool pod_level) {
  if (resources == nullptr) return;
  const Path limits_path = p / "limits", requests_path = p / "requests";
  const Value& limits = Sub(*resources, "limits");
  const Value& requests = Sub(*resources, "requests");
  bool compute = false, huge = false;
  const auto name_and_amount = [&](const Path& at, const std::string& name, const Value& amount) {
    if (pod_level) {
      PodLevelName(e, at, name);
    } else {
      ContainerResourceName(e, at, name);
    }
    ResourceAmount(e, at, name, amount);
    compute = compute || name == "cpu" || name == "memory";
    huge = huge || IsHugePage(name);
  };
  for (const auto& [name, amount] : limits.object()) {
    const Path at = limits_path.Key(name);
    name_and_amount(at, name, amount);
    if (IsHugePage(name)) HugePageAmount(e, at, name, amount);
  }
  for (const auto& [name, amount] : requests.object()) {
    const Path at = requests_path.Key(name);
    name_and_amount(at, name, amount);
    if (const Value* limit = limits.Find(name)) {
      const int order = QuantityOf(amount).Compare(QuantityOf(*limit));
      if (order != 0 && !Overcommit(name)) {
        e.Invalid(requests_path, amount, absl::StrCat("must be equal to ", name, " limit of ", limit->as_string()));
      } else if (order > 0) {
        e.Invalid(requests_path, amount,
                  absl::StrCat("must be less than or equal to ", name, " limit of ", limit->as_string()));
      }
    } else if (!Overcommit(name)) {
      e.Required(limits_path, "Limit must be set for non overcommitable resources");
    }
    if (IsHugePage(name)) HugePageAmount(e, at, name, amount);
  }
  if (!compute && huge) e.Forbidden(p, "HugePages require cpu or memory");
  ClaimNames(e, p / "claims", Items(*resources, "claims"), claims);
}

}  // namespace apiserver::validation
