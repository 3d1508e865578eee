#include "apiserver/registry/subresources.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/apply/scale_owners.h"
#include "absl/strings/strip.h"
#include "apimachinery/codec.h"
#include "apimachinery/labels.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/time.h"
#include "apimachinery/yaml.h"
#include "apiserver/auth/reviews.h"
#include "apiserver/defaults/defaults.h"
#include "apiserver/registry/delete_options.h"
#include "apiserver/registry/deletion.h"
#include "apiserver/validation/validation.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Kind;
using apimachinery::Schema;
using apimachinery::Value;
using pipeline::RequestContext;

const Kind* FindKind(absl::string_view api_version, absl::string_view kind) {
  return Schema::Builtin().FindKind(api_version, kind);
}

Answer Success(int code) {
  Answer answer;
  answer.code = code;
  answer.status.emplace();
  answer.status->success = true;
  answer.status->code = code;
  return answer;
}

std::string SelectorText(const Kind& kind, const Value& object) {
  const Value* selector = object.At("spec.selector");
  if (kind.kind == "ReplicationController") {
    if (selector == nullptr || !selector->is_object()) return "";
    return apimachinery::LabelSelector::FromSet(selector->object()).ToString();
  }
  const auto parsed = apimachinery::LabelSelector::FromObject(selector);
  return parsed.ok() ? parsed->ToString() : "";
}

// An error that carries no reason, as upstream lets some through.
absl::Status Plain(absl::string_view message) {
  apimachinery::ApiStatus status = apimachinery::InternalError("");
  status.reason.clear();
  status.causes.clear();
  status.message = std::string(message);
  return status;
}

absl::Status CheckNamespace(const RequestContext& context, Value& object) {
  const std::string ns = object.GetString("metadata.namespace");
  if (ns.empty()) object.Ensure("metadata.namespace") = context.info.ns;
  if (ns.empty() || ns == context.info.ns) return absl::OkStatus();
  return BadRequest("the namespace of the provided object does not match the namespace sent on the request");
}

bool IsReady(const Value& pod) {
  for (const Value& condition : pod.GetArray("status.conditions")) {
    if (condition.GetString("type") == "Ready") return condition.GetString("status") == "True";
  }
  return false;
}

// The number at a path of a custom resource (".spec.replicas"); 0 when there is none.
int64_t NumberAt(const Value& object, absl::string_view path) { return object.GetInt(absl::StripPrefix(path, ".")); }

// Where the replicas lie: "spec.replicas" but for custom resources that say otherwise.
absl::string_view ReplicasPath(const Kind& kind) {
  return kind.custom == nullptr ? "spec.replicas" : absl::StripPrefix(kind.custom->scale->spec_replicas, ".");
}

// Stands for replicas that are not set yet, as upstream has it.
constexpr int64_t kNoReplicas = INT32_MIN;

// Upstream's owners of custom resources cannot bring a Scale to the version they keep: what has to be written by apply fails.
absl::Status Unconvertible(absl::string_view what, absl::string_view name) {
  apimachinery::ApiStatus status;
  status.message = absl::StrCat("failed to ", what, " (/", name, "; autoscaling/v1, Kind=Scale) to proper version: request to "
                                "convert CR to an invalid group/version: autoscaling/v1");
  return status;
}

Value ScaleOf(const Kind& kind, const Value& object) {
  Value scale = Value::MakeObject();
  scale.Set("kind", "Scale");
  scale.Set("apiVersion", "autoscaling/v1");
  Value& meta = scale["metadata"];
  for (const char* member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const Value* v = object.At(absl::StrCat("metadata.", member))) meta.Set(member, *v);
  }
  if (kind.custom != nullptr) {
    const apimachinery::structural::ScalePaths& paths = *kind.custom->scale;
    scale.Ensure("spec").Set("replicas", NumberAt(object, paths.spec_replicas));
    scale.Ensure("status").Set("replicas", NumberAt(object, paths.status_replicas));
    const std::string selector = paths.label_selector.empty()
                                     ? "" : object.GetString(absl::StripPrefix(paths.label_selector, "."));
    if (!selector.empty()) scale.Ensure("status").Set("selector", selector);
    return scale;
  }
  scale.Ensure("spec").Set("replicas", object.GetInt("spec.replicas"));
  scale.Ensure("status").Set("replicas", object.GetInt("status.replicas"));
  if (const std::string text = SelectorText(kind, object); !text.empty()) scale.Ensure("status").Set("selector", text);
  return scale;
}

}  // namespace

bool Subresources::IsReview(const pipeline::RequestInfo& info) {
  const Kind* kind = Schema::Builtin().FindResource(info.group, info.version, info.resource);
  return kind != nullptr && kind->role == apimachinery::Role::kReview;
}

absl::StatusOr<Answer> Subresources::Get(RequestContext& context, const Resource& resource) {
  RequestContext plain = context;
  plain.info.subresource.clear();
  ASSIGN_OR_RETURN(Answer answer, registry_.Get(plain));
  if (context.info.subresource != "scale") return answer;
  ASSIGN_OR_RETURN(Value object, registry_.TreeOf(resource, *answer.object));
  if (resource.kind->custom != nullptr) {
    const std::string& path = resource.kind->custom->scale->spec_replicas;
    if (object.At(absl::StripPrefix(path, ".")) == nullptr) {
      return apimachinery::InternalError(absl::StrCat("the spec replicas field \"", path, "\" does not exist"));
    }
  }
  answer.object = MakeEntry(*FindKind("autoscaling/v1", "Scale"), ScaleOf(*resource.kind, object));
  return answer;
}

absl::StatusOr<Answer> Subresources::SetScale(RequestContext& context, const Resource& resource,
                                              const Registry::Change& scale_change, bool patches, bool applies) {
  namespace apply = apimachinery::apply;
  const Kind& kind = *FindKind("autoscaling/v1", "Scale");
  Registry::UpdateMode mode;
  mode.subresource = "scale";
  mode.attempts = 5;
  mode.applies = true;  // owners are kept on the scale
  mode.patches = patches;
  ASSIGN_OR_RETURN(
      Answer answer,
      registry_.UpdateObject(context, resource, mode, [&](const Value* current) -> absl::StatusOr<Value> {
        apply::ManagedFields owners;
        if (!apply::ParseManagedFields(current->At("metadata.managedFields"), &owners)) owners.clear();
        const bool custom = resource.kind->custom != nullptr;
        const absl::string_view path = ReplicasPath(*resource.kind);
        Value before = ScaleOf(*resource.kind, *current);
        if (custom && current->At(path) == nullptr) before["spec"].Set("replicas", kNoReplicas);
        const apply::ManagedFields scale_had = apply::OwnersOfScale(owners, path);
        apply::WriteManagedFields(scale_had, &before);
        ASSIGN_OR_RETURN(Value scale, scale_change(&before));
        if (custom && applies) {
          if (scale_had.empty()) return Unconvertible("create manager for existing fields: failed to convert live object", "");
          if (scale.GetInt("spec.replicas") != before.GetInt("spec.replicas")) {
            return Unconvertible("convert new object", context.info.name);
          }
        }
        if (custom && scale.GetInt("spec.replicas") == kNoReplicas) {
          return BadRequest(absl::StrCat("the spec replicas field \"", resource.kind->custom->scale->spec_replicas, "\" cannot be empty"));
        }
        RETURN_IF_ERROR(CheckScale(context, resource, scale));
        if (!applies) {
          registry_.TrackManagers(context, kind, &before, scale);
        }
        Value object = *current;
        object.Ensure(path) = Value(scale.GetInt("spec.replicas"));
        object["metadata"].Set("resourceVersion", scale.GetString("metadata.resourceVersion"));
        if (const std::string uid = scale.GetString("metadata.uid"); !uid.empty()) object["metadata"].Set("uid", uid);
        apply::ManagedFields scale_owners;
        if (!apply::ParseManagedFields(scale.At("metadata.managedFields"), &scale_owners)) scale_owners.clear();
        apply::WriteManagedFields(
            apply::OwnersOfWorkload(std::move(owners), scale_owners, resource.kind->api_version, path), &object);
        return object;
      }));
  ASSIGN_OR_RETURN(Value object, registry_.TreeOf(resource, *answer.object));
  answer.object = MakeEntry(kind, ScaleOf(*resource.kind, object));
  return answer;
}

absl::Status Subresources::CheckScale(const RequestContext& context, const Resource& resource, Value& scale) const {
  const std::string name = scale.GetString("metadata.name");
  if (name.empty()) {
    return BadRequest(absl::StrCat("the name of the object (", context.info.name,
                                   " based on URL) was undeterminable: name must be provided"));
  }
  if (name != context.info.name) {
    return BadRequest(absl::StrCat("the name of the object (", name, ") does not match the name on the URL (",
                                   context.info.name, ")"));
  }
  RETURN_IF_ERROR(MatchNamespace(resource, context.info.ns, scale));
  const apimachinery::FieldErrors errors = validation::ValidateCreate(*FindKind("autoscaling/v1", "Scale"), scale);
  // Of a custom resource the object itself is judged.
  if (!errors.empty() && resource.kind->custom == nullptr) {
    return apimachinery::Invalid("autoscaling", "Scale", name, errors);
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> Subresources::Update(RequestContext& context, const Resource& resource, const Body& body) {
  ASSIGN_OR_RETURN(Value scale, DecodeBody(*FindKind("autoscaling/v1", "Scale"), body, context));
  if (scale.GetString("metadata.name").empty()) {
    return BadRequest(absl::StrCat("the name of the object (", context.info.name,
                                   " based on URL) was undeterminable: name must be provided"));
  }
  return SetScale(context, resource, [&](const Value*) -> absl::StatusOr<Value> { return scale; }, false, false);
}

absl::StatusOr<Answer> Subresources::Patch(RequestContext& context, const Resource& resource,
                                           apimachinery::patch::PatchType type, const Body& body) {
  const Kind& kind = *FindKind("autoscaling/v1", "Scale");
  const bool applies = type == apimachinery::patch::PatchType::kApply;
  const auto change = [&](const Value* before) -> absl::StatusOr<Value> {
    if (!applies) {
      ASSIGN_OR_RETURN(apimachinery::patch::Patched patched,
                       apimachinery::patch::PatchObject(type, kind.message, *before, body.bytes));
      return TakePatched(std::move(patched), context);
    }
    ASSIGN_OR_RETURN(Value scale, ApplyBody(context, kind, before, body, registry_.env_.clock->Now()));
    scale["metadata"].Set("name", context.info.name);
    return scale;
  };
  return SetScale(context, resource, change, true, applies);
}

absl::StatusOr<Answer> Subresources::Create(RequestContext& context, const Body& body) {
  const std::string& sub = context.info.subresource;
  if (context.info.resource == "pods" && sub == "binding") return Bind(context, body);
  if (context.info.resource == "pods" && sub == "eviction") return Evict(context, body);
  if (context.info.resource == "serviceaccounts" && sub == "token") return Token(context, body);
  return apimachinery::MethodNotSupported(context.info.group, absl::StrCat(context.info.resource, "/", sub), "create");
}

admission::Attributes Subresources::BodyAttributes(RequestContext& context, const Kind& kind, Value& body) {
  admission::Attributes attributes;
  attributes.info = &context.info;
  attributes.user = &context.user;
  attributes.kind = &kind;
  attributes.name = context.info.name;
  attributes.object = &body;
  attributes.dry_run = context.options.dry_run;
  attributes.warnings = &context.warnings;
  attributes.options = &context.options;
  attributes.audit = context.audit.get();
  return attributes;
}

absl::Status Subresources::MutateBody(RequestContext& context, const Kind& kind, Value& body) {
  if (registry_.env_.admission == nullptr) return absl::OkStatus();
  admission::Attributes attributes = BodyAttributes(context, kind, body);
  return registry_.env_.admission->Mutate(attributes);
}

absl::Status Subresources::ValidateBody(RequestContext& context, const Kind& kind, Value& body) {
  if (registry_.env_.admission == nullptr) return absl::OkStatus();
  const admission::Attributes attributes = BodyAttributes(context, kind, body);
  std::unique_ptr<admission::Reservation> reservation;
  return registry_.env_.admission->Validate(attributes, &reservation);
}

absl::StatusOr<Answer> Subresources::Bind(RequestContext& context, const Body& body) {
  ASSIGN_OR_RETURN(Value binding, DecodeBody(*FindKind("v1", "Binding"), body, context));
  RETURN_IF_ERROR(CheckNamespace(context, binding));
  RETURN_IF_ERROR(MutateBody(context, *FindKind("v1", "Binding"), binding));
  if (binding.GetString("metadata.name") != context.info.name) {
    return BadRequest("name in URL does not match name in Binding object");
  }
  return BindPod(context, std::move(binding));
}

absl::StatusOr<Answer> Subresources::BindByName(RequestContext& context, const Body& body) {
  ASSIGN_OR_RETURN(Value binding, DecodeBody(*FindKind("v1", "Binding"), body, context));
  RETURN_IF_ERROR(CheckNamespace(context, binding));
  RETURN_IF_ERROR(MutateBody(context, *FindKind("v1", "Binding"), binding));
  binding.EraseAt("metadata.uid");
  return BindPod(context, std::move(binding));
}

absl::StatusOr<Answer> Subresources::BindPod(RequestContext& context, Value binding) {
  const std::string node = binding.GetString("target.name"), kind = binding.GetString("target.kind");
  const std::string name = binding.GetString("metadata.name"), ns = context.info.ns;
  apimachinery::FieldErrors errors;
  if (!kind.empty() && kind != "Node") {
    static constexpr absl::string_view kValid[] = {"Node", "<empty>"};
    errors.NotSupported(apimachinery::FieldPath("target").Child("kind"), Value(kind), kValid);
  }
  if (node.empty()) errors.Required(apimachinery::FieldPath("target").Child("name"));
  if (!errors.empty()) return Plain(errors.ToString());
  RETURN_IF_ERROR(ValidateBody(context, *FindKind("v1", "Binding"), binding));
  if (name.empty()) return BadRequest("Name parameter required.");
  absl::Status refused;
  const absl::StatusOr<pipeline::ObjectPtr> bound = registry_.Modify({"", "pods"}, ns, name, [&](Value& pod) {
    refused = absl::OkStatus();
    const auto conflict = [&](const std::string& why) {
      refused = apimachinery::Conflict("", "pods/binding", name, why);
      return false;
    };
    for (const auto& [member, called] : {std::pair{"metadata.uid", "UID"}, std::pair{"metadata.resourceVersion", "ResourceVersion"}}) {
      const std::string wanted = binding.GetString(member), present = pod.GetString(member);
      if (wanted.empty() || wanted == present) continue;
      refused = apimachinery::Conflict(
          "", "pods", name,
          absl::StrCat("StorageError: invalid object, Code: 4, Key: /registry/pods/", ns, "/", name,
                       ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ", called, " in precondition: ", wanted,
                       ", ", called, " in object meta: ", present));
      return false;
    }
    if (pod.At("metadata.deletionTimestamp") != nullptr) {
      return conflict(absl::StrCat("pod ", name, " is being deleted, cannot be assigned to a host"));
    }
    if (const std::string present = pod.GetString("spec.nodeName"); !present.empty()) {
      return conflict(absl::StrCat("pod ", name, " is already assigned to node \"", present, "\""));
    }
    if (!pod.GetArray("spec.schedulingGates").empty()) {
      return conflict(absl::StrCat("pod ", name, " has non-empty .spec.schedulingGates"));
    }
    pod.Ensure("spec").Set("nodeName", node);
    for (const char* notes : {"metadata.annotations", "metadata.labels"}) {
      for (const auto& [key, value] : binding.GetObject(notes)) pod.Ensure(notes).Set(key, value);
    }
    Value& conditions = pod.Ensure("status")["conditions"];
    Value* scheduled = nullptr;
    if (conditions.is_array()) {
      for (Value& c : conditions.array()) {
        if (c.GetString("type") == "PodScheduled") scheduled = &c;
      }
    }
    if (scheduled == nullptr) {
      conditions.Append(Value::MakeObject());
      scheduled = &conditions.array().back();
      scheduled->Set("type", "PodScheduled");
    }
    if (scheduled->GetString("status") != "True") {
      scheduled->Set("lastTransitionTime", apimachinery::FormatTime(registry_.env_.clock->Now()));
    }
    scheduled->Set("status", "True");
    scheduled->Erase("reason");
    scheduled->Erase("message");
    return !context.options.dry_run;
  });
  RETURN_IF_ERROR(refused);
  RETURN_IF_ERROR(bound.status());
  return Success(201);
}

absl::Status Subresources::TakeDisruption(const Value& pod, bool dry_run) {
  const std::string ns = pod.GetString("metadata.namespace"), name = pod.GetString("metadata.name");
  std::vector<pipeline::ObjectPtr> matching;
  for (pipeline::ObjectPtr& budget : registry_.List({"policy", "poddisruptionbudgets"}, ns)) {
    const auto selector = apimachinery::LabelSelector::FromObject(budget->At("spec.selector"));
    if (selector.ok() && selector->Matches(pod.At("metadata.labels"))) matching.push_back(std::move(budget));
  }
  if (matching.empty()) return absl::OkStatus();
  if (matching.size() > 1) {
    return Plain("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  }
  // Who is unwell does not count as healthy: its going takes nothing from a budget that is met, or that does not mind.
  if (!IsReady(pod)) {
    const Value& budget = *matching.front();
    const int64_t desired = budget.GetInt("status.desiredHealthy");
    const bool met = desired > 0 && budget.GetInt("status.currentHealthy") >= desired;
    if (met || budget.GetString("spec.unhealthyPodEvictionPolicy") == "AlwaysAllow") return absl::OkStatus();
  }
  const std::string budget_name = matching.front()->GetString("metadata.name");
  absl::Status refused;
  const auto changed =
      registry_.Modify({"policy", "poddisruptionbudgets"}, ns, budget_name, [&](Value& budget) {
        refused = absl::OkStatus();
        if (budget.GetInt("status.observedGeneration") < budget.GetInt("metadata.generation")) {
          apimachinery::ApiStatus status = apimachinery::TooManyRequests(
              "Cannot evict pod as it would violate the pod's disruption budget.", 10);
          status.causes.push_back({"DisruptionBudget",
                                   absl::StrCat("The disruption budget ", budget_name,
                                                " is still being processed by the server."), ""});
          refused = status;
          return false;
        }
        if (budget.GetInt("status.disruptionsAllowed") <= 0) {
          apimachinery::ApiStatus status = apimachinery::TooManyRequests(
              "Cannot evict pod as it would violate the pod's disruption budget.", 0);
          status.causes.push_back({"DisruptionBudget",
                                   absl::StrCat("The disruption budget ", budget_name, " needs ",
                                                budget.GetInt("status.desiredHealthy"), " healthy pods and has ",
                                                budget.GetInt("status.currentHealthy"), " currently"), ""});
          refused = status;
          return false;
        }
        if (dry_run) return false;
        budget.Ensure("status").Set("disruptionsAllowed", budget.GetInt("status.disruptionsAllowed") - 1);
        budget.Ensure("status.disruptedPods").Set(name, apimachinery::FormatTime(registry_.env_.clock->Now()));
        return true;
      });
  RETURN_IF_ERROR(refused);
  return changed.status();
}

// Whoever looks after the pod's owner learns that the pod did not fail by itself.
absl::StatusOr<pipeline::ObjectPtr> Subresources::TellDisruption(const Value& pod) {
  const std::string now = apimachinery::FormatTime(registry_.env_.clock->Now());
  return registry_.Modify(
      {"", "pods"}, pod.GetString("metadata.namespace"), pod.GetString("metadata.name"), [&](Value& changed) {
        Value condition = Value::MakeObject();
        condition.Set("type", "DisruptionTarget");
        condition.Set("status", "True");
        condition.Set("lastTransitionTime", now);
        condition.Set("reason", "EvictionByEvictionAPI");
        condition.Set("message", "Eviction API: evicting");
        Value& conditions = changed.Ensure("status")["conditions"];
        if (conditions.is_array()) {
          for (Value& present : conditions.array()) {
            if (present.GetString("type") != "DisruptionTarget") continue;
            if (present.GetString("status") == "True") {
              condition.Set("lastTransitionTime", present.GetString("lastTransitionTime"));
            }
            present = std::move(condition);
            return true;
          }
        }
        conditions.Append(std::move(condition));
        return true;
      });
}

absl::StatusOr<Answer> Subresources::Evict(RequestContext& context, const Body& body) {
  ASSIGN_OR_RETURN(Value eviction, DecodeBody(*FindKind("policy/v1", "Eviction"), body, context));
  RETURN_IF_ERROR(CheckNamespace(context, eviction));
  const Kind& kind = *FindKind("policy/v1", "Eviction");
  RETURN_IF_ERROR(MutateBody(context, kind, eviction));
  const std::string name = eviction.GetString("metadata.name");
  if (name != context.info.name) {
    return BadRequest("name in URL does not match name in Eviction object");
  }
  RETURN_IF_ERROR(ValidateBody(context, kind, eviction));
  const ResourcePtr pods = registry_.env_.resources->Find("", "v1", "pods");
  ASSIGN_OR_RETURN(cache::EntryPtr entry, registry_.Current(*pods, context.info.ns, context.info.name, true));
  if (entry == nullptr) return apimachinery::NotFound("", "pods", context.info.name);
  const pipeline::ObjectPtr pod = entry->Decode();
  const std::string phase = pod->GetString("status.phase");
  const bool done = phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
                    pod->At("metadata.deletionTimestamp") != nullptr;
  Value options = Value::MakeObject();
  if (const Value* given = eviction.Find("deleteOptions"); given != nullptr && given->is_object()) options = *given;
  RequestContext deletion = context;  // stays an eviction: the deletion itself is not asked about again
  deletion.options.dry_run |= IsDryRun(options);
  if (!done) (void)registry_.env_.cache->WaitFresh(absl::Seconds(3));  // budgets as they are now; late ones are told apart by their writes
  if (!done) RETURN_IF_ERROR(TakeDisruption(*pod, deletion.options.dry_run));
  RETURN_IF_ERROR(CheckPreconditions(*pods->kind, options, *pod));
  if (!deletion.options.dry_run) {
    ASSIGN_OR_RETURN(const pipeline::ObjectPtr told, TellDisruption(*pod));
    if (Value* version = options.At("preconditions.resourceVersion")) *version = told->GetString("metadata.resourceVersion");
    entry = nullptr;
  }
  RETURN_IF_ERROR(CheckDeleteOptions(options));  // the deletion is refused, not what came before it
  RETURN_IF_ERROR(registry_.DeleteObject(deletion, *pods, entry, options).status());
  return Success(201);
}

absl::StatusOr<Answer> Subresources::Token(RequestContext& context, const Body& body) {
  const Kind& kind = *FindKind("authentication.k8s.io/v1", "TokenRequest");
  ASSIGN_OR_RETURN(Value request, DecodeBody(kind, body, context));
  defaults::ApplyDefaults(kind, request);
  if (request.GetString("metadata.name").empty()) request.Ensure("metadata").Set("name", context.info.name);
  if (const std::string ns = request.GetString("metadata.namespace"); ns.empty()) {
    request.Ensure("metadata").Set("namespace", context.info.ns);
  } else if (ns != context.info.ns) {
    return BadRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  registry_.TrackManagers(context, kind, nullptr, request);
  RETURN_IF_ERROR(MutateBody(context, kind, request));
  pipeline::ObjectPtr account = registry_.Get({"", "serviceaccounts"}, context.info.ns, context.info.name);
  if (account == nullptr) {
    ASSIGN_OR_RETURN(account, registry_.GetFresh({"", "serviceaccounts"}, context.info.ns, context.info.name));
  }
  if (account == nullptr) return apimachinery::NotFound("", "serviceaccounts", context.info.name);
  if (registry_.env_.token_issuer == nullptr) {
    return apimachinery::MethodNotSupported("", "serviceaccounts/token", "create");
  }
  const apimachinery::FieldErrors errors = validation::ValidateCreate(kind, request);
  if (!errors.empty()) return apimachinery::Invalid(kind.group, kind.kind, "", errors);
  RETURN_IF_ERROR(ValidateBody(context, kind, request));
  ASSIGN_OR_RETURN(Value issued, registry_.env_.token_issuer->Issue(*account, request, registry_));
  Answer answer;
  answer.code = 201;
  answer.object = MakeEntry(kind, issued);
  return answer;
}

absl::StatusOr<Answer> Subresources::Review(RequestContext& context, const Body& body) {
  const Kind& kind = *Schema::Builtin().FindResource(context.info.group, context.info.version, context.info.resource);
  ASSIGN_OR_RETURN(Value review, DecodeBody(kind, body, context));
  for (const absl::string_view own :
       {"uid", "selfLink", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    review.EraseAt(absl::StrCat("metadata.", own));
  }
  if (!kind.namespaced) {
    review.EraseAt("metadata.namespace");
  } else {
    const std::string ns = review.GetString("metadata.namespace");
    if (ns.empty()) review.Ensure("metadata.namespace") = context.info.ns;
    if (!ns.empty() && ns != context.info.ns) {
      return apimachinery::BadRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
  }
  if (kind.kind == "TokenReview" && review.GetString("spec.token").empty()) {
    return apimachinery::BadRequest("token is required for TokenReview in authentication");
  }
  if (kind.kind == "SelfSubjectReview" || kind.kind == "SelfSubjectRulesReview") {
    review.Set("metadata", Value::MakeObject());  // the answer is an object of its own
  } else {
    registry_.TrackManagers(context, kind, nullptr, review);
  }
  if (kind.kind == "SelfSubjectRulesReview" && review.GetString("spec.namespace").empty()) {
    return apimachinery::BadRequest("no namespace on request");
  }
  const apimachinery::FieldErrors errors = validation::ValidateCreate(kind, review);
  const bool access = kind.group == "authorization.k8s.io";  // whose refusals name no kind
  if (!errors.empty()) return apimachinery::Invalid(kind.group, access ? "" : kind.kind, "", errors);
  const auth::Authorizer& authorizer = *registry_.env_.authorizer;
  Value done;
  if (kind.kind == "TokenReview") {
    done = auth::ReviewToken(review, *registry_.env_.authenticator);
  } else if (kind.kind == "SubjectAccessReview") {
    done = auth::ReviewSubjectAccess(review, authorizer);
  } else if (kind.kind == "SelfSubjectAccessReview") {
    done = auth::ReviewSelfSubjectAccess(review, context.user, authorizer);
  } else if (kind.kind == "LocalSubjectAccessReview") {
    done = auth::ReviewLocalSubjectAccess(review, context.info.ns, authorizer);
  } else if (kind.kind == "SelfSubjectRulesReview") {
    done = auth::ReviewSelfSubjectRules(review, context.user, authorizer);
  } else {
    done = auth::ReviewSelfSubject(review, context.user);
  }
  Answer answer;
  answer.code = 201;
  answer.object = MakeEntry(kind, done);
  return answer;
}

}  // namespace apiserver::registry
