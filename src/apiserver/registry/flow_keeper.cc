#include "apiserver/registry/flow_keeper.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/json.h"
#include "apimachinery/time.h"
#include "apiserver/flowcontrol/default_objects.h"
#include "apiserver/registry/change_loop.h"
#include "apiserver/registry/self_series.h"
#include "base/clock.h"
#include "base/log.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;
using pipeline::ObjectPtr;
using pipeline::RequestContext;

constexpr char kGroup[] = "flowcontrol.apiserver.k8s.io";
constexpr const char* kResources[] = {"flowschemas", "prioritylevelconfigurations"};
constexpr absl::Duration kRetry = absl::Seconds(1);

RequestContext ContextOf(absl::string_view manager) {
  RequestContext context;
  context.user.name = "system:apiserver";
  context.user.groups = {"system:masters", "system:authenticated"};
  context.options.field_manager = std::string(manager);
  return context;
}

class FlowKeeperImpl final : public FlowKeeper {
 public:
  explicit FlowKeeperImpl(Registry& registry)
      : registry_(registry), loop_(registry, "priority_and_fairness_config_queue",
                                   {{{kGroup, kResources[0]}, nullptr}, {{kGroup, kResources[1]}, nullptr}}, [this] { return Look(); }) {
    if (const absl::Status started = loop_.Start(/*look_here=*/false); !started.ok()) {
      base::LogWarning("flow control configuration is not kept error=", started.message());
    }
  }

 private:
  absl::Duration Look() {
    const absl::Status status = Reconcile();
    if (status.ok()) return absl::InfiniteDuration();
    base::LogWarning("flow control configuration waits error=", status.message());
    return kRetry;
  }

  absl::Status Reconcile() {
    for (const Value& object : flowcontrol::DefaultObjects()) {
      const char* plural = kResources[object.GetString("kind") == "FlowSchema" ? 0 : 1];
      if (registry_.Get({kGroup, plural}, "", object.GetString("metadata.name")) != nullptr) continue;
      const ResourcePtr resource = registry_.environment().resources->FindAnyVersion(kGroup, plural);
      if (resource == nullptr) return absl::OkStatus();
      RequestContext context = ContextOf("api-priority-and-fairness-config-producer-v1");
      const absl::Status status = registry_.CreateObject(context, *resource, object).status();
      if (!status.ok() && !apimachinery::ApiStatus::From(status).Is("AlreadyExists")) return status;
    }
    for (const ObjectPtr& schema : registry_.List({kGroup, kResources[0]}, "")) {
      if (absl::Status status = TellDangling(*schema); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status TellDangling(const Value& schema) {
    const std::string level = schema.GetString("spec.priorityLevelConfiguration.name");
    Value condition = flowcontrol::Dangling(level, registry_.Get({kGroup, kResources[1]}, "", level) != nullptr);
    std::string since = apimachinery::FormatTime(registry_.environment().clock->Now());
    for (const Value& known : schema.GetArray("status.conditions")) {
      if (known.GetString("type") != condition.GetString("type")) continue;
      const bool same_status = known.GetString("status") == condition.GetString("status");
      if (same_status && known.GetString("reason") == condition.GetString("reason") &&
          known.GetString("message") == condition.GetString("message")) {
        return absl::OkStatus();
      }
      if (same_status) since = known.GetString("lastTransitionTime");
    }
    condition.Set("lastTransitionTime", since);
    const std::string name = schema.GetString("metadata.name");
    Value patch = Value::MakeObject();
    patch.Set("kind", "FlowSchema");
    patch.Set("apiVersion", absl::StrCat(kGroup, "/v1"));
    patch.Ensure("metadata").Set("name", name);
    patch.Ensure("status")["conditions"].Append(std::move(condition));
    RequestContext context = ContextOf("api-priority-and-fairness-config-consumer-v1");
    context.info = {};
    context.info.is_resource_request = true;
    context.info.verb = "patch";
    context.info.group = kGroup;
    context.info.version = "v1";
    context.info.resource = kResources[0];
    context.info.subresource = "status";
    context.info.name = name;
    context.options.force = true;
    CountSelfRequest("APPLY", {kGroup, kResources[0]}, "status");
    const std::string bytes = apimachinery::WriteJson(patch);
    const absl::Status status =
        registry_.Patch(context, apimachinery::patch::PatchType::kApply, {BodyFormat::kYaml, bytes}).status();
    return apimachinery::ApiStatus::From(status).Is("NotFound") ? absl::OkStatus() : status;
  }

  Registry& registry_;
  ChangeLoop loop_;  // last: it uses the others
};

}  // namespace

std::unique_ptr<FlowKeeper> FlowKeeper::Start(Registry& registry) { return std::make_unique<FlowKeeperImpl>(registry); }

}  // namespace apiserver::registry
