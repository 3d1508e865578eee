// Members that follow from the request or from other members.
#include "apimachinery/json.h"
#include "apimachinery/time.h"
#include "apiserver/registry/subresources.h"
#include "apiserver/validation/qos.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;

void AddGatedCondition(Value& status, absl::Time now) {
  for (const Value& condition : status.GetArray("conditions")) {
    if (condition.GetString("type") == "PodScheduled") return;
  }
  Value condition = Value::MakeObject();
  condition.Set("type", "PodScheduled");
  condition.Set("status", "False");
  condition.Set("lastTransitionTime", apimachinery::FormatTime(now));
  condition.Set("reason", "SchedulingGated");
  condition.Set("message", "Scheduling is blocked due to non-empty scheduling gates");
  status["conditions"].Append(std::move(condition));
}

void SetJobSelector(Value& job) {
  if (job.GetBool("spec.manualSelector")) return;
  const std::string uid = job.GetString("metadata.uid"), name = job.GetString("metadata.name");
  Value& labels = job.Ensure("spec.template.metadata.labels");
  // Labels that came from the template are the template's: one map upstream.
  const Value* own = job.At("metadata.labels");
  const bool shared = own != nullptr && !own->empty() && *own == labels;
  labels.Set("controller-uid", uid);
  labels.Set("job-name", name);
  labels.Set("batch.kubernetes.io/controller-uid", uid);
  labels.Set("batch.kubernetes.io/job-name", name);
  apimachinery::SortKeys(&labels);
  job.Ensure("spec.selector.matchLabels").Set("batch.kubernetes.io/controller-uid", uid);
  if (shared) {
    Value copy = *job.At("spec.template.metadata.labels");
    job["metadata"].Set("labels", std::move(copy));
  }
}

void SetRequester(const pipeline::UserInfo& user, Value& csr) {
  Value& spec = csr.Ensure("spec");
  spec.Set("username", user.name);
  if (user.uid.empty()) {
    spec.Erase("uid");
  } else {
    spec.Set("uid", user.uid);
  }
  Value groups = Value::MakeArray();
  for (const std::string& g : user.groups) groups.Append(g);
  spec.Set("groups", std::move(groups));
  spec.Erase("extra");
  for (const auto& [key, values] : user.extra) {
    Value list = Value::MakeArray();
    for (const std::string& v : values) list.Append(v);
    spec["extra"].Set(key, std::move(list));
  }
}

// When each decision about a certificate was made.
void SetDecisionTimes(Value& request, const Value& old, absl::Time now) {
  Value* conditions = request.At("status.conditions");
  if (conditions == nullptr || !conditions->is_array()) return;
  const std::string time = apimachinery::FormatTime(now);
  for (Value& condition : conditions->array()) {
    if (condition.GetString("lastUpdateTime").empty()) condition.Set("lastUpdateTime", time);
    if (!condition.GetString("lastTransitionTime").empty()) continue;
    std::string since = time;
    for (const Value& before : old.GetArray("status.conditions")) {
      const std::string then = before.GetString("lastTransitionTime");
      if (then.empty() || before.GetString("type") != condition.GetString("type") ||
          before.GetString("status") != condition.GetString("status")) {
        continue;
      }
      since = then;
      break;
    }
    condition.Set("lastTransitionTime", since);
  }
}

// An API that this server serves itself is there from the start.
void SetLocalAvailable(Value& service, absl::Time now) {
  if (service.At("spec.service") != nullptr) return;
  Value condition = Value::MakeObject();
  condition.Set("type", "Available");
  condition.Set("status", "True");
  condition.Set("lastTransitionTime", apimachinery::FormatTime(now));
  condition.Set("reason", "Local");
  condition.Set("message", "Local APIServices are always available");
  service.Ensure("status")["conditions"].Append(std::move(condition));
}

// When a volume came into its phase: now, unless the status that is written says so itself.
void CompletePhaseTime(const pipeline::RequestContext& context, Value& volume, const Value* old, absl::Time now) {
  if (old != nullptr && context.info.subresource != "status") return;
  const std::string given = volume.GetString("status.lastPhaseTransitionTime");
  const bool moved = old == nullptr || volume.GetString("status.phase") != old->GetString("status.phase");
  const bool stale = old == nullptr || given == old->GetString("status.lastPhaseTransitionTime");
  if (!given.empty() && !(moved && stale)) return;
  volume.Ensure("status").Set("lastPhaseTransitionTime", apimachinery::FormatTime(now));
}

}  // namespace

void Subresources::Complete(const pipeline::RequestContext& context, const apimachinery::Kind& kind, Value& object,
                            const Value* old, absl::Time now) {
  if (kind.custom != nullptr) return;
  if (kind.kind == "Pod" && kind.group.empty() && old == nullptr) {
    Value& status = object.Ensure("status");
    if (status.GetString("qosClass").empty()) status.Set("qosClass", validation::QosClass(object));
    if (!object.GetArray("spec.schedulingGates").empty()) AddGatedCondition(status, now);
  } else if (kind.kind == "PersistentVolume") {
    CompletePhaseTime(context, object, old, now);
  } else if (kind.kind == "Job" && old == nullptr) {
    SetJobSelector(object);
  } else if (kind.kind == "CertificateSigningRequest" && old == nullptr) {
    SetRequester(context.user, object);
  } else if (kind.kind == "CertificateSigningRequest") {
    SetDecisionTimes(object, *old, now);
  } else if (kind.kind == "APIService" && old == nullptr) {
    SetLocalAvailable(object, now);
  }
}

}  // namespace apiserver::registry
