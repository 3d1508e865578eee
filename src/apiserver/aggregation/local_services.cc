#include "apiserver/aggregation/local_services.h"

#include "absl/strings/str_cat.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::aggregation {
namespace {

using absl::string_view;
using apimachinery::Value;

struct Priority {
  string_view group, version;
  int group_minimum, version_priority;
};
constexpr Priority kPriorities[] = {
    {"", "v1", 18000, 1},
    {"apps", "v1", 17800, 15},
    {"events.k8s.io", "v1", 17750, 15},
    {"authentication.k8s.io", "v1", 17700, 15},
    {"authorization.k8s.io", "v1", 17600, 15},
    {"autoscaling", "v1", 17500, 15},
    {"autoscaling", "v2", 17500, 30},
    {"batch", "v1", 17400, 15},
    {"certificates.k8s.io", "v1", 17300, 15},
    {"networking.k8s.io", "v1", 17200, 15},
    {"policy", "v1", 17100, 15},
    {"rbac.authorization.k8s.io", "v1", 17000, 15},
    {"storage.k8s.io", "v1", 16800, 15},
    {"apiextensions.k8s.io", "v1", 16700, 15},
    {"admissionregistration.k8s.io", "v1", 16700, 15},
    {"scheduling.k8s.io", "v1", 16600, 15},
    {"coordination.k8s.io", "v1", 16500, 15},
    {"node.k8s.io", "v1", 16300, 15},
    {"discovery.k8s.io", "v1", 16200, 15},
    {"resource.k8s.io", "v1", 16200, 21},
    {"flowcontrol.apiserver.k8s.io", "v1", 16100, 21},
};
constexpr int kCustomGroupMinimum = 1000, kCustomVersionPriority = 100;

Value Make(string_view group, string_view version, string_view automanaged, int group_minimum, int version_priority) {
  Value service = Value::MakeObject();
  service.Set("kind", "APIService");
  service.Set("apiVersion", "apiregistration.k8s.io/v1");
  service.Ensure("metadata").Set("name", ServiceName(group, version));
  service.Ensure("metadata.labels").Set(kAutomanaged, automanaged);
  Value& spec = service.Ensure("spec");
  if (!group.empty()) spec.Set("group", group);
  spec.Set("version", version);
  spec.Set("groupPriorityMinimum", int64_t{group_minimum});
  spec.Set("versionPriority", int64_t{version_priority});
  return service;
}

}  // namespace

std::string ServiceName(string_view group, string_view version) { return absl::StrCat(version, ".", group); }

std::vector<Value> BuiltinServices() {
  std::vector<Value> services;
  for (const Priority& p : kPriorities) {
    if (discovery::Builtin().Find(p.group, p.version) == nullptr) continue;
    services.push_back(Make(p.group, p.version, "onstart", p.group_minimum, p.version_priority));
  }
  return services;
}

Value CustomService(string_view group, string_view version) {
  return Make(group, version, "true", kCustomGroupMinimum, kCustomVersionPriority);
}

}  // namespace apiserver::aggregation
