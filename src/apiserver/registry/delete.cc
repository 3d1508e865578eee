// delete and deletecollection: preconditions, grace, finalizers, propagation.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/time.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/services.h"
#include "apiserver/registry/strategy.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Value;
using pipeline::RequestContext;

constexpr absl::string_view kOrphan = "orphan", kForeground = "foregroundDeletion";

absl::Status CheckDeleteOptions(const Value& options) {
  apimachinery::FieldErrors errors;
  const Value* orphan = options.Find("orphanDependents");
  const Value* policy = options.Find("propagationPolicy");
  if (orphan != nullptr && policy != nullptr) {
    errors.Invalid(apimachinery::FieldPath("propagationPolicy"), *policy,
                   "orphanDependents and deletionPropagation cannot be both set");
  } else if (policy != nullptr && policy->is_string() && policy->as_string() != "Foreground" &&
             policy->as_string() != "Background" && policy->as_string() != "Orphan") {
    static constexpr absl::string_view kValid[] = {"Foreground", "Background", "Orphan", "nil"};
    errors.NotSupported(apimachinery::FieldPath("propagationPolicy"), *policy, kValid);
  }
  if (errors.empty()) return absl::OkStatus();
  return apimachinery::Invalid("meta.k8s.io", "DeleteOptions", "", errors);
}

// Kinds whose dependents stay unless the request says otherwise, as they did before there was a collector.
bool OrphansByDefault(const Kind& kind) {
  return (kind.kind == "Job" && kind.group == "batch") || (kind.kind == "ReplicationController" && kind.group.empty());
}

// What the garbage collector is to do with dependents, as finalizers of the object.
bool SetPropagation(const Kind& kind, const Value& options, Value& object) {
  if (kind.kind == "Event") return !object.GetArray("metadata.finalizers").empty();  // never has dependents
  std::vector<std::string> finalizers;
  for (const Value& f : object.GetArray("metadata.finalizers")) {
    if (f.is_string()) finalizers.push_back(f.as_string());
  }
  const std::vector<std::string> before = finalizers;
  const auto has = [&](absl::string_view f) { return std::find(finalizers.begin(), finalizers.end(), f) != finalizers.end(); };
  bool orphan = has(kOrphan), foreground = has(kForeground);
  const std::string policy = options.GetString("propagationPolicy");
  if (const Value* old_style = options.Find("orphanDependents"); old_style != nullptr && old_style->is_bool()) {
    orphan = old_style->as_bool();
    foreground = false;
  } else if (!policy.empty()) {
    orphan = policy == "Orphan";
    foreground = policy == "Foreground";
  }
  if (OrphansByDefault(kind) && !options.Has("orphanDependents") && policy.empty() && !foreground) orphan = true;
  std::erase_if(finalizers, [](const std::string& f) { return f == kOrphan || f == kForeground; });
  if (orphan) finalizers.emplace_back(kOrphan);
  if (foreground) finalizers.emplace_back(kForeground);
  if (finalizers.size() == before.size() && std::is_permutation(finalizers.begin(), finalizers.end(), before.begin())) {
    return !finalizers.empty();
  }
  Value list = Value::MakeArray();
  for (std::string& f : finalizers) list.Append(std::move(f));
  if (list.empty()) {
    object["metadata"].Erase("finalizers");
    return false;
  }
  object["metadata"].Set("finalizers", std::move(list));
  return true;
}

apimachinery::ApiStatus Deleted(const Kind& kind, const Value& object) {
  apimachinery::ApiStatus status;
  status.code = 0;  // not printed
  status.success = true;
  status.name = object.GetString("metadata.name");
  status.group = std::string(kind.group);
  status.kind = std::string(kind.plural);
  status.uid = object.GetString("metadata.uid");
  return status;
}

}  // namespace

absl::StatusOr<Answer> Registry::Delete(RequestContext& context, const Value& options) {
  ASSIGN_OR_RETURN(const Resource* resource, Resolve(context.info));
  RETURN_IF_ERROR(CheckDeleteOptions(options));
  if (resource->kind->kind == "Job" && !options.Has("propagationPolicy") && !options.Has("orphanDependents")) {
    context.AddWarning(
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
        "set propagationPolicy=Orphan to suppress this warning");
  }
  return DeleteObject(context, *resource, nullptr, options);
}

absl::StatusOr<Answer> Registry::DeleteObject(RequestContext& context, const Resource& resource,
                                              cache::EntryPtr current, const Value& options) {
  const Kind& kind = *resource.kind;
  const std::string name = current != nullptr ? std::string(current->name()) : context.info.name;
  const std::string ns = !resource.namespaced() ? "" : current != nullptr ? std::string(current->ns()) : context.info.ns;
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (current == nullptr || attempt > 0) {
      ASSIGN_OR_RETURN(current, Current(resource, ns, name, /*from_store=*/true));
    }
    if (current == nullptr) return apimachinery::NotFound(kind.group, kind.plural, name);
    ASSIGN_OR_RETURN(Value object, TreeOf(resource, *current));
    const std::string uid = object.GetString("metadata.uid");
    const std::string wanted_uid = options.GetString("preconditions.uid");
    const std::string wanted_rv = options.GetString("preconditions.resourceVersion");
    const bool is_namespace = kind.kind == "Namespace" && kind.group.empty();
    if (!wanted_uid.empty() && wanted_uid != uid && is_namespace) {
      return apimachinery::Conflict(kind.group, kind.plural, name,
                                    absl::StrCat("Precondition failed: UID in precondition: ", wanted_uid,
                                                 ", UID in object meta: ", uid));
    }
    if (!wanted_uid.empty() && wanted_uid != uid) {
      return apimachinery::Conflict(kind.group, kind.kind, name,
                                    absl::StrCat("the UID in the precondition (", wanted_uid,
                                                 ") does not match the UID in record (", uid,
                                                 "). The object might have been deleted and then recreated"));
    }
    if (!wanted_rv.empty() && wanted_rv != absl::StrCat(current->revision)) {
      return apimachinery::Conflict(kind.group, kind.kind, name,
                                    absl::StrCat("the ResourceVersion in the precondition (", wanted_rv,
                                                 ") does not match the ResourceVersion in record (", current->revision,
                                                 "). The object might have been modified"));
    }
    if (env_.admission != nullptr && context.info.subresource.empty()) {
      admission::Attributes attributes;
      attributes.operation = admission::Operation::kDelete;
      attributes.info = &context.info;
      attributes.user = &context.user;
      attributes.kind = &kind;
      attributes.name = name;
      attributes.old = &object;
      attributes.dry_run = context.options.dry_run;
      attributes.warnings = &context.warnings;
      RETURN_IF_ERROR(env_.admission->Mutate(attributes));
      std::unique_ptr<admission::Reservation> reservation;
      RETURN_IF_ERROR(env_.admission->Validate(attributes, &reservation));
    }
    const Value before = object;
    const bool waits = SetPropagation(kind, options, object);
    bool graceful = false;
    int64_t grace = GracePeriod(kind, object, options, &graceful);
    const Value* dying = object.At("metadata.deletionTimestamp");
    const bool held = waits || (is_namespace && !object.GetArray("spec.finalizers").empty());
    const absl::Time now = env_.clock->Now();
    Value& meta = object["metadata"];
    if (dying != nullptr) {
      // Already on its way: a shorter grace period is taken over, nothing else changes.
      if (graceful) {
        const int64_t present = object.GetInt("metadata.deletionGracePeriodSeconds");
        const bool asked = options.Find("gracePeriodSeconds") != nullptr;
        if (asked && grace < present) {
          const auto since = apimachinery::ParseTime(dying->as_string());
          const absl::Time start = since.ok() ? *since - absl::Seconds(present) : now;
          meta.Set("deletionTimestamp", apimachinery::FormatTime(std::max(start + absl::Seconds(grace), now)));
          meta.Set("deletionGracePeriodSeconds", grace);
        } else {
          grace = present;
        }
      }
    } else if (held || graceful) {
      meta.Set("deletionTimestamp", apimachinery::FormatTime(now + absl::Seconds(grace)));
      if (!is_namespace) meta.Set("deletionGracePeriodSeconds", grace);
      if (meta.GetInt("generation") > 0) meta.Set("generation", meta.GetInt("generation") + 1);
      if (is_namespace) object.Ensure("status").Set("phase", "Terminating");
    }
    Answer answer;
    const bool remove = !held && !(graceful && grace > 0);
    bool conflict = false;
    cache::EntryPtr shown = current;
    if (context.options.dry_run) {
      shown = MakeEntry(kind, object);
    } else if (remove) {
      ASSIGN_OR_RETURN(store::WriteResult gone, env_.store->Delete(resource.StoreKey(ns, name), current->revision));
      conflict = !gone.done;
      if (!conflict) {
        services_->Release(kind, object);
        object["metadata"].Set("resourceVersion", absl::StrCat(gone.revision));
        shown = MakeEntry(kind, object);
      }
    } else if (!(object == before)) {
      ASSIGN_OR_RETURN(shown, Put(resource, object, current->revision, &conflict));
    }
    if (conflict) continue;
    if (remove && !ReturnsDeletedObject(kind)) {
      answer.status = Deleted(kind, object);
      return answer;
    }
    answer.object = std::move(shown);
    if (answer.object->kind != &kind) {
      ASSIGN_OR_RETURN(Value tree, TreeOf(resource, *answer.object));
      answer.object = MakeEntry(kind, tree);
    }
    if (!remove) {
      const Value* orphan = options.Find("orphanDependents");
      if (orphan != nullptr && orphan->is_bool() && !orphan->as_bool()) answer.code = 202;
    }
    return answer;
  }
  return apimachinery::Conflict(kind.group, kind.plural, name, "the object keeps changing");
}

absl::StatusOr<ListAnswer> Registry::DeleteCollection(RequestContext& context, const Value& options) {
  RETURN_IF_ERROR(CheckDeleteOptions(options));
  ASSIGN_OR_RETURN(ListAnswer list, List(context));
  std::vector<cache::EntryPtr> deleted;
  for (cache::EntryPtr& entry : list.items) {
    const absl::StatusOr<Answer> answer = DeleteObject(context, *list.resource, entry, options);
    if (!answer.ok()) {
      if (apimachinery::ApiStatus::From(answer.status()).code == 404) continue;
      return answer.status();
    }
    deleted.push_back(std::move(entry));
  }
  list.items = std::move(deleted);
  list.continue_token.clear();
  list.remaining.reset();
  return list;
}

}  // namespace apiserver::registry
