// delete and deletecollection.
#include "absl/strings/str_cat.h"
#include "apiserver/registry/delete_options.h"
#include "apiserver/registry/deletion.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/services.h"
#include "apiserver/registry/strategy.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Value;
using pipeline::RequestContext;

constexpr int kAttempts = 10;
constexpr int64_t kCollectionPage = 10000;

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

bool IsSystemPriorityClass(const Kind& kind, absl::string_view name) {
  return kind.kind == "PriorityClass" && (name == "system-node-critical" || name == "system-cluster-critical");
}

void WarnOfOrphans(const Kind& kind, const Value& options, RequestContext& context) {
  if (kind.kind != "Job" || kind.custom != nullptr || options.Has("propagationPolicy") || options.Has("orphanDependents")) return;
  context.AddWarning(
      "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
      "set propagationPolicy=Orphan to suppress this warning");
}

}  // namespace

absl::StatusOr<Answer> Registry::Delete(RequestContext& context, const Value& options) {
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  RETURN_IF_ERROR(CheckDeleteOptions(options));
  WarnOfOrphans(*resource->kind, options, context);
  if (IsSystemPriorityClass(*resource->kind, context.info.name)) {
    return apimachinery::Forbidden(resource->group(), resource->plural(), context.info.name,
                                   "this is a system priority class and cannot be deleted");
  }
  return DeleteObject(context, *resource, nullptr, options);
}

absl::Status Registry::AdmitDeletion(RequestContext& context, const Resource& resource, const Value& options,
                                     const std::string& name, const Value& object) const {
  if (env_.admission == nullptr || !context.info.subresource.empty()) return absl::OkStatus();
  admission::Attributes attributes;
  attributes.operation = admission::Operation::kDelete;
  attributes.info = &context.info;
  attributes.user = &context.user;
  attributes.kind = resource.kind;
  attributes.name = name;
  attributes.old = &object;
  attributes.dry_run = context.options.dry_run;
  attributes.warnings = &context.warnings;
  attributes.options = &context.options;
  attributes.audit = context.audit.get();
  attributes.delete_options = &options;
  RETURN_IF_ERROR(env_.admission->Mutate(attributes));
  std::unique_ptr<admission::Reservation> reservation;
  return env_.admission->Validate(attributes, &reservation);
}

absl::StatusOr<cache::EntryPtr> Registry::CarryOut(const DeletionPlan& plan, const Resource& resource, Value& object,
                                                   const cache::EntryPtr& current, bool* conflict) {
  cache::EntryPtr shown = current;
  if (plan.store) {
    ASSIGN_OR_RETURN(shown, Put(resource, object, current->revision, conflict));
    if (*conflict) return shown;
  }
  if (!plan.remove) return shown;
  const std::string key = resource.StoreKey(object.GetString("metadata.namespace"), object.GetString("metadata.name"));
  ASSIGN_OR_RETURN(const store::WriteResult gone, env_.store->Delete(key, shown->revision));
  // Somebody else may have removed what was marked just now: gone is gone.
  *conflict = !gone.done && !(plan.store && !gone.current);
  if (*conflict) return shown;
  services_->Release(*resource.kind, object);
  object["metadata"].Set("resourceVersion", absl::StrCat(gone.revision));
  return MakeEntry(*resource.kind, object);
}

absl::StatusOr<Answer> Registry::DeleteObject(RequestContext& context, const Resource& resource,
                                              cache::EntryPtr current, const Value& options) {
  const Kind& kind = *resource.kind;
  const std::string name = current != nullptr ? std::string(current->name()) : context.info.name;
  const std::string ns = !resource.namespaced() ? "" : current != nullptr ? std::string(current->ns()) : context.info.ns;
  Value marked;  // what this request marked to remove it next, until somebody else changed it in between
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (current == nullptr || attempt > 0) {
      ASSIGN_OR_RETURN(current, Current(resource, ns, name, /*from_store=*/true));
    }
    Value object;
    if (current != nullptr) {
      ASSIGN_OR_RETURN(object, TreeOf(resource, *current));
    }
    if (!marked.is_null() && object.GetString("metadata.uid") != marked.GetString("metadata.uid")) {
      Answer answer;  // gone, by another's hand
      answer.object = MakeEntry(kind, marked);
      return answer;
    }
    if (current == nullptr) return apimachinery::NotFound(kind.group, kind.plural, name);
    if (marked.is_null()) RETURN_IF_ERROR(CheckPreconditions(kind, options, object));
    RETURN_IF_ERROR(AdmitDeletion(context, resource, options, name, object));
    const bool again = marked.is_null() && object.At("metadata.deletionTimestamp") != nullptr &&
                       object.GetInt("metadata.deletionGracePeriodSeconds") == 0;
    const DeletionPlan plan = PlanDeletion(kind, options, env_.clock->Now(), object);
    bool conflict = false;
    cache::EntryPtr shown;
    if (context.options.dry_run) {
      shown = MakeEntry(kind, object);
    } else {
      ASSIGN_OR_RETURN(shown, CarryOut(plan, resource, object, current, &conflict));
    }
    if (conflict) {
      if (plan.store && shown != nullptr) marked = std::move(object);
      continue;
    }
    Answer answer;
    if (plan.remove && !ReturnsDeletedObject(kind)) {
      answer.status = Deleted(kind, object);
      return answer;
    }
    // What waited for this is shown as it waited.
    answer.object = plan.remove && again ? current : std::move(shown);
    if (answer.object->kind != &kind) {
      ASSIGN_OR_RETURN(Value tree, TreeOf(resource, *answer.object));
      answer.object = MakeEntry(kind, tree);
    }
    if (!plan.remove) {
      const Value* orphan = options.Find("orphanDependents");
      if (orphan != nullptr && orphan->is_bool() && !orphan->as_bool()) answer.code = 202;
    }
    return answer;
  }
  return apimachinery::Conflict(kind.group, kind.plural, name, "the object keeps changing");
}

absl::StatusOr<ListAnswer> Registry::DeleteCollection(RequestContext& context, const Value& options) {
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  RETURN_IF_ERROR(CheckSelection(context, *resource));
  RETURN_IF_ERROR(CheckDeleteOptions(options));
  WarnOfOrphans(*resource->kind, options, context);
  const bool limited = context.options.limit > 0;
  if (!limited) context.options.limit = kCollectionPage;
  ListAnswer all;
  while (true) {
    ASSIGN_OR_RETURN(ListAnswer page, List(context));
    for (const cache::EntryPtr& entry : page.items) {
      const absl::StatusOr<Answer> answer = DeleteObject(context, *page.resource, entry, options);
      if (!answer.ok() && apimachinery::ApiStatus::From(answer.status()).code != 404) return answer.status();
    }
    context.options.continue_token = page.continue_token;
    const bool last = limited || page.continue_token.empty();
    if (all.resource == nullptr) {
      all = std::move(page);
    } else {
      all.items.insert(all.items.end(), page.items.begin(), page.items.end());
      all.continue_token.clear();
      all.remaining.reset();
    }
    if (last) return all;
    context.options.resource_version.clear();
    context.options.resource_version_match.clear();
  }
}

}  // namespace apiserver::registry
