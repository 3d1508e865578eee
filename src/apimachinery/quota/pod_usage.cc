#include "apimachinery/quota/pod_usage.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/time.h"

namespace apimachinery::quota {
namespace {

constexpr absl::string_view kComputed[] = {"cpu", "memory", "ephemeral-storage"};
constexpr absl::string_view kHugePages = "hugepages-", kRequests = "requests.", kLimits = "limits.";

// Of a domain that is not Kubernetes' own: "example.com/gpu".
bool IsExtended(absl::string_view name) {
  return absl::StrContains(name, '/') && !absl::StrContains(name, "kubernetes.io/") && !absl::StartsWith(name, kRequests);
}

bool MayBePodLevel(absl::string_view name) { return name == "cpu" || name == "memory" || absl::StartsWith(name, kHugePages); }

Amounts OfPod(const Value& pod, absl::string_view list) {
  Amounts total = OfContainers(pod, list, MayBePodLevel);
  for (const auto& [name, amount] : AmountsAt(pod, "spec.overhead")) {
    if (list == "requests" || total.contains(name)) total[name].Add(amount);
  }
  return total;
}

bool Terminating(const Value& pod) {
  const Value* deadline = pod.At("spec.activeDeadlineSeconds");
  return deadline != nullptr && deadline->is_int() && deadline->as_int() >= 0;
}

bool BestEffort(const Value& pod) {
  const auto states = [](const Amounts& amounts) {
    return std::any_of(amounts.begin(), amounts.end(), [](const auto& entry) {
      return (entry.first == "cpu" || entry.first == "memory") && entry.second.Sign() > 0;
    });
  };
  for (const char* list : {"requests", "limits"}) {
    if (states(AmountsAt(pod, absl::StrCat("spec.resources.", list)))) return false;
    for (const char* containers : {"spec.containers", "spec.initContainers"}) {
      for (const Value& c : pod.GetArray(containers)) {
        if (states(AmountsAt(c, absl::StrCat("resources.", list)))) return false;
      }
    }
  }
  return true;
}

bool SpansNamespaces(const Value& term) { return !term.GetArray("namespaces").empty() || term.Has("namespaceSelector"); }

bool UsesOtherNamespaces(const Value& pod) {
  for (const char* kind : {"podAffinity", "podAntiAffinity"}) {
    const std::string base = absl::StrCat("spec.affinity.", kind);
    for (const Value& term : pod.GetArray(absl::StrCat(base, ".requiredDuringSchedulingIgnoredDuringExecution"))) {
      if (SpansNamespaces(term)) return true;
    }
    for (const Value& weighted : pod.GetArray(absl::StrCat(base, ".preferredDuringSchedulingIgnoredDuringExecution"))) {
      const Value* term = weighted.Find("podAffinityTerm");
      if (term != nullptr && SpansNamespaces(*term)) return true;
    }
  }
  return false;
}

}  // namespace

Amounts OfContainers(const Value& pod, absl::string_view list, absl::FunctionRef<bool(absl::string_view)> pod_level) {
  const std::string path = absl::StrCat("resources.", list);
  Amounts total, sidecars, peak;
  for (const Value& c : pod.GetArray("spec.containers")) Add(total, AmountsAt(c, path));
  for (const Value& c : pod.GetArray("spec.initContainers")) {
    const Amounts own = AmountsAt(c, path);
    Amounts now = sidecars;
    Add(now, own);
    if (c.GetString("restartPolicy") == "Always") {
      Add(total, own);
      Add(sidecars, own);
    }
    RaiseTo(peak, now);
  }
  RaiseTo(total, peak);
  for (const auto& [name, amount] : AmountsAt(pod, absl::StrCat("spec.resources.", list))) {
    if (pod_level(name)) total[name] = amount;
  }
  return total;
}

bool PodCounts(const Value& pod, absl::Time now) {
  const std::string phase = pod.GetString("status.phase");
  if (phase == "Failed" || phase == "Succeeded") return false;
  const Value* grace = pod.At("metadata.deletionGracePeriodSeconds");
  if (grace == nullptr || !grace->is_int()) return true;
  const auto deleted = ParseTime(pod.GetString("metadata.deletionTimestamp"));
  return !deleted.ok() || now <= *deleted + absl::Seconds(grace->as_int());
}

Amounts ResourceUsage(const Amounts& requests, const Amounts& limits) {
  Amounts out;
  for (const auto& [name, amount] : requests) {
    const bool computed = std::find(std::begin(kComputed), std::end(kComputed), name) != std::end(kComputed);
    if (computed || absl::StartsWith(name, kHugePages)) out[name] = amount;
    if (computed || absl::StartsWith(name, kHugePages) || IsExtended(name)) out[absl::StrCat(kRequests, name)] = amount;
  }
  for (const auto& [name, amount] : limits) {
    if (std::find(std::begin(kComputed), std::end(kComputed), name) != std::end(kComputed)) {
      out[absl::StrCat(kLimits, name)] = amount;
    }
  }
  return out;
}

Amounts PodUsage(const Value& pod) {
  Amounts out = ResourceUsage(OfPod(pod, "requests"), OfPod(pod, "limits"));
  out["pods"] = Quantity::FromInt(1);
  return out;
}

bool IsPodResource(absl::string_view name) {
  if (name == "pods") return true;
  absl::string_view rest = name;
  const bool requests = absl::ConsumePrefix(&rest, kRequests);
  const bool limits = !requests && absl::ConsumePrefix(&rest, kLimits);
  if (std::find(std::begin(kComputed), std::end(kComputed), rest) != std::end(kComputed)) return true;
  if (absl::StartsWith(rest, kHugePages)) return !limits;
  return requests && absl::StrContains(rest, '/') && !absl::StrContains(rest, "kubernetes.io/");
}

bool PodInScope(const Value& term, const Value& pod) {
  const std::string scope = term.GetString("scopeName");
  if (scope == "Terminating") return Terminating(pod);
  if (scope == "NotTerminating") return !Terminating(pod);
  if (scope == "BestEffort") return BestEffort(pod);
  if (scope == "NotBestEffort") return !BestEffort(pod);
  if (scope == "PriorityClass") return NameSelected(term, pod.GetString("spec.priorityClassName"));
  if (scope == "CrossNamespacePodAffinity") return UsesOtherNamespaces(pod);
  return false;
}

}  // namespace apimachinery::quota
