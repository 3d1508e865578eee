#include "apiserver/aggregation/local_services.h"

#include "absl/strings/str_cat.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::aggregation {
namespace {

using absl::string_view;
using apimachinery::Value;

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
  for (const discovery::GroupVersion& at : discovery::Builtin().versions) {
    if (at.group == "apiregistration.k8s.io") continue;  // whose objects they are
    services.push_back(Make(at.group, at.version, "onstart", at.priority.group, at.priority.version));
  }
  return services;
}

Value CustomService(string_view group, string_view version) {
  return Make(group, version, "true", kCustomGroupMinimum, kCustomVersionPriority);
}

}  // namespace apiserver::aggregation
