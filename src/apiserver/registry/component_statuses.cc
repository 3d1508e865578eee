// componentstatuses: objects that nobody stores.
#include "absl/strings/str_cat.h"
#include "apiserver/registry/registry.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Value;

const ResourcePtr& ComponentResource() {
  static const auto* const resource = [] {
    auto made = std::make_shared<Resource>();
    made->kind = made->storage = apimachinery::Schema::Builtin().FindKind("v1", "ComponentStatus");
    return new ResourcePtr(std::move(made));
  }();
  return *resource;
}

cache::EntryPtr EntryOf(const ComponentHealth& health) {
  Value object = Value::MakeObject();
  object.Ensure("metadata").Set("name", health.name);
  Value condition = Value::MakeObject();
  condition.Set("type", "Healthy");
  condition.Set("status", health.status);
  if (!health.message.empty()) condition.Set("message", health.message);
  if (!health.error.empty()) condition.Set("error", health.error);
  object["conditions"].Append(std::move(condition));
  return MakeEntry(*ComponentResource()->kind, object);
}

}  // namespace

bool Registry::AsksComponents(const pipeline::RequestInfo& info) const {
  return env_.components != nullptr && info.group.empty() && info.version == "v1" && info.resource == "componentstatuses";
}

absl::StatusOr<Answer> Registry::GetComponent(const pipeline::RequestContext& context) const {
  for (const ComponentHealth& health : env_.components()) {
    if (health.name != context.info.name) continue;
    Answer answer;
    answer.object = EntryOf(health);
    return answer;
  }
  return apimachinery::NotFound("", "componentstatus", context.info.name);
}

absl::StatusOr<ListAnswer> Registry::ListComponents(const pipeline::RequestContext& context) const {
  ListAnswer list;
  list.resource = ComponentResource();
  ASSIGN_OR_RETURN(const cache::Filter filter, cache::ParseFilter(*list.resource->kind, "", context.options.label_selector,
                                                                  context.options.field_selector));
  for (const ComponentHealth& health : env_.components()) {
    cache::EntryPtr entry = EntryOf(health);
    if (filter.Matches(*entry)) list.items.push_back(std::move(entry));
  }
  return list;
}

}  // namespace apiserver::registry
