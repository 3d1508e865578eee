// create and update: the one way an object changes.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/time.h"
#include "apiserver/cache/as_read.h"
#include "apiserver/defaults/defaults.h"
#include "apiserver/registry/kind_fields.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/service_fields.h"
#include "apiserver/registry/services.h"
#include "apiserver/registry/strategy.h"
#include "apiserver/registry/subresources.h"
#include "apiserver/validation/validation.h"
#include "apiserver/warnings/warnings.h"
#include "apiserver/registry/self_series.h"
#include "apiserver/registry/update_series.h"
#include "base/rng.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Kind;
using apimachinery::Value;
using pipeline::ObjectPtr;
using pipeline::RequestContext;

constexpr char kModified[] =
    "the object has been modified; please apply your changes to the latest version and try again";
constexpr size_t kMaxNameLength = 63, kSuffixLength = 5;

// The group that upstream names in refusals: events of both groups are of one internal type.
absl::string_view InternalGroup(const Kind& kind) { return kind.group == "events.k8s.io" ? "" : kind.group; }

// A custom object is called what it says it is.
std::string GroupInErrors(const Kind& kind, const Value& object) {
  if (kind.custom == nullptr) return std::string(InternalGroup(kind));
  const std::string api_version = object.GetString("apiVersion");
  return api_version.substr(0, api_version.find('/') == std::string::npos ? 0 : api_version.find('/'));
}

// `late`: they are told as if admission had made them, as patches' are.
void DedupOwnerReferences(RequestContext& context, Value& object, bool late) {
  Value* owners = object.At("metadata.ownerReferences");
  if (owners == nullptr || !owners->is_array()) return;
  apimachinery::Array unique;
  for (Value& owner : owners->array()) {
    if (std::any_of(unique.begin(), unique.end(), [&](const Value& o) { return o == owner; })) {
      context.AddWarning(absl::StrCat(".metadata.ownerReferences contains duplicate entries",
                                      late ? " after mutating admission happens" : "", "; API server dedups owner "
                                      "references in 1.20+, and may reject such requests as early as 1.24; please fix "
                                      "your requests; duplicate UID(s) observed: ", owner.GetString("uid")));
      continue;
    }
    unique.push_back(std::move(owner));
  }
  owners->array() = std::move(unique);
}

// A name of the manager when the request gives none: what the user agent says up to the first slash.
std::string ManagerName(const RequestContext& context) {
  if (!context.options.field_manager.empty()) return context.options.field_manager;
  const std::string agent = context.user_agent.substr(0, context.user_agent.find('/'));
  return agent.empty() ? "unknown" : agent.substr(0, 128);
}

admission::Attributes MakeAttributes(RequestContext& context, const Kind& kind, admission::Operation operation,
                                     Value* object, const Value* old) {
  admission::Attributes attributes;
  attributes.operation = operation;
  attributes.info = &context.info;
  attributes.user = &context.user;
  attributes.kind = &kind;
  attributes.name = object != nullptr ? object->GetString("metadata.name") : context.info.name;
  attributes.object = object;
  attributes.old = old;
  attributes.dry_run = context.options.dry_run;
  attributes.warnings = &context.warnings;
  attributes.options = &context.options;
  attributes.audit = context.audit.get();
  return attributes;
}

// The name is taken, of an object that had one to be generated: another try may do.
absl::Status NotGenerated(const Kind& kind, absl::string_view name) {
  apimachinery::ApiStatus status = apimachinery::AlreadyExists(kind.group, kind.plural, name);
  absl::StrAppend(&status.message, ", the server was not able to generate a unique name for the object");
  status.retry_after_seconds = 1;
  return status;
}

// The object at this name is another one than the request means.
// A resourceVersion is a number; empty stands for none.
absl::Status CheckVersionText(const std::string& version) {
  if (int64_t number = 0; version.empty() || absl::SimpleAtoi(version, &number)) return absl::OkStatus();
  apimachinery::ApiStatus status = apimachinery::InternalError("");
  status.reason.clear();
  status.causes.clear();
  status.message = absl::StrCat("strconv.ParseUint: parsing \"", version, "\": invalid syntax");
  return status.ToStatus();
}

absl::Status OtherUid(const RequestContext& context, const Resource& resource, absl::string_view ns, absl::string_view name,
                      absl::string_view wanted, absl::string_view present) {
  std::string key = resource.StoreKey(ns, name);
  if (context.options.dry_run) key.erase(0, sizeof("/registry") - 1);  // as upstream names it when it only tries
  return apimachinery::Conflict(
      resource.kind->group, resource.kind->plural, name,
      absl::StrCat("StorageError: invalid object, Code: 4, Key: ", key,
                   ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ", wanted,
                   ", UID in object meta: ", present));
}

}  // namespace

// Whoever writes a role or a binding must hold what it grants.
absl::Status Registry::CheckGrants(const RequestContext& context, const Kind& kind, const Value& object,
                                   const Value* old) const {
  if (kind.group != "rbac.authorization.k8s.io" || env_.authorizer == nullptr) return absl::OkStatus();
  return auth::CheckEscalation(*env_.authorizer, *this, context.user, kind.kind,
                               object.GetString("metadata.namespace"), object, old);
}

void Registry::TrackManagers(RequestContext& context, const Kind& kind, const Value* live,
                             Value& object) const {
  apimachinery::apply::Manager manager;
  manager.name = ManagerName(context);
  manager.subresource = context.info.subresource;
  manager.api_version = std::string(kind.api_version);
  manager.time = apimachinery::FormatTime(env_.clock->Now());
  manager.reset_fields = ResetFields(kind, context.info.subresource);
  manager.convert = ConverterOf(kind);
  if (live != nullptr && (!OtherVersionsProblem(kind, *live, *live).empty() ||
                          !OtherVersionsProblem(kind, *live, object).empty())) {
    object.EraseAt("metadata.managedFields");  // as upstream: better none than wrong ones
    return;
  }
  static const Value* const nothing = new Value;
  object = apimachinery::apply::TrackUpdate(StructureOf(kind), live == nullptr ? *nothing : *live, std::move(object),
                                            manager);
}

apimachinery::FieldErrors Registry::RefuseAdminAccess(const Kind& kind, const Value& object, const Value* old,
                                                      absl::string_view subresource) const {
  apimachinery::FieldErrors errors;
  const std::string path = validation::AdminAccessPath(kind, object, old, subresource);
  if (path.empty()) return errors;
  constexpr char kLabel[] = "resource.kubernetes.io/admin-access";
  const ObjectPtr ns = Get({"", "namespaces"}, "", object.GetString("metadata.namespace"));
  const Value* labels = ns == nullptr ? nullptr : ns->At("metadata.labels");
  const Value* label = labels == nullptr ? nullptr : labels->Find(kLabel);
  if (label == nullptr || !(*label == Value("true"))) {
    errors.Forbidden(apimachinery::FieldPath(path), absl::StrCat("admin access to devices requires the `", kLabel,
                                                                 ": true` label on the containing namespace"));
  }
  return errors;
}

absl::StatusOr<Answer> Registry::Create(RequestContext& context, const Body& body) {
  if (!context.info.subresource.empty()) return Subresources(*this).Create(context, body);
  if (context.info.group.empty() && context.info.resource == "bindings") return Subresources(*this).BindByName(context, body);
  if (Subresources::IsReview(context.info)) return Subresources(*this).Review(context, body);
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  ASSIGN_OR_RETURN(Value object, DecodeBody(*resource->kind, body, context));
  RETURN_IF_ERROR(MatchNamespace(*resource, context.info.ns, object));
  return CreateObject(context, *resource, std::move(object));
}

absl::StatusOr<Answer> Registry::CreateObject(RequestContext& context, const Resource& resource, Value object,
                                              bool applied) {
  const Kind& kind = *resource.kind;
  if (context.info.resource.empty()) {  // an object of our own making
    context.info.is_resource_request = true;
    context.info.verb = "create";
    context.info.group = std::string(kind.group);
    context.info.version = std::string(kind.version);
    context.info.resource = std::string(kind.plural);
    context.info.ns = object.GetString("metadata.namespace");
    CountSelfRequest("POST", {context.info.group, context.info.resource});
  }
  if (resource.terminating) {
    return apimachinery::Forbidden(kind.group, kind.plural, object.GetString("metadata.name"),
                                   "create not allowed while custom resource definition is terminating");
  }
  if (kind.custom == nullptr || !object.Has("kind")) {  // of a custom kind it is judged as it stands
    object.Set("kind", kind.kind);
    object.Set("apiVersion", kind.api_version);
  }
  Value& meta = object["metadata"];
  if (meta.is_null()) meta = Value::MakeObject();
  const auto nameless = [&object] {
    return object.GetString("metadata.name").empty() && !object.GetString("metadata.generateName").empty();
  };
  // A version does not belong on a new object: the store refuses it. A dry run does not get there and gives it back.
  int64_t version = 0;
  const bool versioned = absl::SimpleAtoi(object.GetString("metadata.resourceVersion"), &version) && version != 0;
  if (!context.options.dry_run) meta.Erase("resourceVersion");
  meta.Erase("selfLink");
  meta.Erase("deletionTimestamp");
  meta.Erase("deletionGracePeriodSeconds");
  meta.Set("uid", base::NewUid());
  meta.Set("creationTimestamp", apimachinery::FormatTime(env_.clock->Now()));
  if (kind.kind == "LimitRange" && !nameless() && object.GetString("metadata.name").empty()) {
    meta.Set("name", base::NewUid());  // the one kind that names itself
  }
  defaults::ApplyDefaults(kind, object);
  DedupOwnerReferences(context, object, false);
  if (!applied) TrackManagers(context, kind, nullptr, object);
  if (env_.admission != nullptr) {
    admission::Attributes attributes = MakeAttributes(context, kind, admission::Operation::kCreate, &object, nullptr);
    RETURN_IF_ERROR(env_.admission->Mutate(attributes));
  }
  RETURN_IF_ERROR(CheckGrants(context, kind, object, nullptr));
  const bool generate = nameless();  // what changes an object on its way in sees it without a name
  const std::string base = object.GetString("metadata.generateName").substr(0, kMaxNameLength - kSuffixLength);
  if (generate) object["metadata"].Set("name", absl::StrCat(base, base::NameSuffix()));
  PrepareForCreate(kind, object);
  if (kind.kind == "Pod" && kind.group.empty()) {
    for (const std::string& note : PrepareNewPod(object)) context.AddWarning(note);
  }
  if (!cache::IsCompletedAtReading(kind)) defaults::ApplyDefaults(kind, object);
  Subresources::Complete(context, kind, object, nullptr, env_.clock->Now());
  ASSIGN_OR_RETURN(std::unique_ptr<Services::Claim> claim,
                   services_->Allocate(kind, object, nullptr, context.options.dry_run));
  apimachinery::FieldErrors errors = RefuseAdminAccess(kind, object, nullptr, "");
  errors.Append(validation::ValidateCreate(kind, object));
  CountRepeatedErrors(errors);
  if (!errors.empty()) {
    return apimachinery::Invalid(InternalGroup(kind), object.GetString("kind"), object.GetString("metadata.name"), errors);
  }
  if (kind.kind == "Service" && kind.group.empty()) DropHidden(object);
  for (const std::string& warning : warnings::Of(kind, "", object, nullptr)) context.AddWarning(warning);
  std::unique_ptr<admission::Reservation> reservation;
  if (env_.admission != nullptr) {
    const admission::Attributes attributes =
        MakeAttributes(context, kind, admission::Operation::kCreate, &object, nullptr);
    RETURN_IF_ERROR(env_.admission->Validate(attributes, &reservation));
  }
  if (versioned && !context.options.dry_run) {
    apimachinery::ApiStatus refusal;
    refusal.message = "resourceVersion should not be set on objects to be created";
    return refusal;
  }
  Answer answer;
  answer.code = 201;
  const std::string ns = object.GetString("metadata.namespace");
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::string name = object.GetString("metadata.name");
    bool conflict = false;
    cache::EntryPtr stored;
    if (context.options.dry_run) {
      ASSIGN_OR_RETURN(cache::EntryPtr there, Current(resource, ns, name, /*from_store=*/true));
      conflict = there != nullptr;
      if (!conflict) stored = MakeEntry(kind, object);
    } else {
      ASSIGN_OR_RETURN(stored, Put(resource, object, 0, &conflict));
    }
    if (!conflict) {
      if (reservation != nullptr && !context.options.dry_run) reservation->Commit();
      if (claim != nullptr && !context.options.dry_run) claim->Commit();
      answer.object = std::move(stored);
      if (answer.object->kind != &kind) {
        ASSIGN_OR_RETURN(Value tree, TreeOf(resource, *answer.object));
        answer.object = MakeEntry(kind, tree);
      }
      return answer;
    }
    if (!generate && !object.GetString("metadata.generateName").empty()) return NotGenerated(kind, name);
    if (!generate) {
      ASSIGN_OR_RETURN(cache::EntryPtr there, Current(resource, ns, name, /*from_store=*/true));
      if (there != nullptr && (*there->Decode()).Has("metadata") && there->Decode()->At("metadata.deletionTimestamp")) {
        apimachinery::ApiStatus status = apimachinery::AlreadyExists(kind.group, kind.plural, name);
        status.message = absl::StrCat("object is being deleted: ", status.message);
        return status;
      }
      return apimachinery::AlreadyExists(kind.group, kind.plural, name);
    }
    object["metadata"].Set("name", absl::StrCat(base, base::NameSuffix()));
  }
  return NotGenerated(kind, object.GetString("metadata.name"));
}

absl::StatusOr<Answer> Registry::Update(RequestContext& context, const Body& body) {
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  if (Subresources::HasOwnBody(context.info)) return Subresources(*this).Update(context, *resource, body);
  ASSIGN_OR_RETURN(Value object, DecodeBody(*resource->kind, body, context));
  RETURN_IF_ERROR(MatchNamespace(*resource, context.info.ns, object));
  const std::string name = object.GetString("metadata.name");
  if (name.empty()) {
    return BadRequest(absl::StrCat("the name of the object (", context.info.name,
                                   " based on URL) was undeterminable: name must be provided"));
  }
  if (name != context.info.name) {
    return BadRequest(absl::StrCat("the name of the object (", name, ") does not match the name on the URL (",
                                   context.info.name, ")"));
  }
  RETURN_IF_ERROR(CheckNameParameter(name));
  defaults::ApplyDefaults(*resource->kind, object);
  UpdateMode mode;
  mode.subresource = context.info.subresource;
  mode.allow_create = mode.subresource.empty() && AllowsCreateOnUpdate(*resource->kind);
  mode.attempts = object.GetString("metadata.resourceVersion").empty() ? 5 : 2;
  return UpdateObject(context, *resource, mode,
                      [&object](const Value*) -> absl::StatusOr<Value> { return object; });
}

// The cache may lag behind the store. What it shows is good enough to try on: a write is decided by the store's guard on
// the revision. A refusal and a change that changes nothing are decided by nobody, so they count only once the store
// has been asked what it holds now.
absl::StatusOr<Answer> Registry::UpdateObject(RequestContext& context, const Resource& resource, const UpdateMode& mode,
                                              const Change& change) {
  const std::string& name = context.info.name;
  const std::string ns = resource.namespaced() ? context.info.ns : "";
  const std::vector<std::string> warned = context.warnings;
  const int attempts = std::max(mode.attempts, 2);
  ASSIGN_OR_RETURN(cache::EntryPtr current, Current(resource, ns, name, /*from_store=*/false));
  bool latest = current == nullptr;
  if (latest) {
    ASSIGN_OR_RETURN(current, Current(resource, ns, name, /*from_store=*/true));
  }
  for (int attempt = 1;; ++attempt) {
    Decided decided = Decided::kByReading;
    context.warnings = warned;
    absl::StatusOr<Answer> answer = UpdateOnce(context, resource, mode, change, current, &decided);
    if (decided == Decided::kByStore || (decided == Decided::kByReading && latest)) return answer;
    if (decided == Decided::kConflict && attempt >= attempts) return answer;
    const int64_t seen = current == nullptr ? 0 : current->revision;
    ASSIGN_OR_RETURN(current, Current(resource, ns, name, /*from_store=*/true));
    if (decided == Decided::kByReading && current != nullptr && current->revision == seen) return answer;
    latest = true;
  }
}

absl::StatusOr<Answer> Registry::UpdateOnce(RequestContext& context, const Resource& resource, const UpdateMode& mode,
                                            const Change& change, const cache::EntryPtr& current, Decided* decided) {
  const Kind& kind = *resource.kind;
  const std::string& name = context.info.name;
  const std::string object_ns = resource.namespaced() ? context.info.ns : "";
  Value old;
  if (current != nullptr) {
    ASSIGN_OR_RETURN(old, TreeOf(resource, *current));
  }
  if (current == nullptr && !mode.allow_create) return apimachinery::NotFound(kind.group, kind.plural, name);
  absl::StatusOr<Value> changed = change(current == nullptr ? nullptr : &old);
  if (!changed.ok()) return changed.status();
  Value object = *std::move(changed);
  if (current == nullptr) {
    const std::string uid = object.GetString("metadata.uid");
    if (!uid.empty() && !mode.applies) return OtherUid(context, resource, object_ns, name, uid, "");
    const std::string rv = object.GetString("metadata.resourceVersion");
    if (!rv.empty() && rv != "0" && !mode.applies) return apimachinery::NotFound(kind.group, kind.plural, name);
    RETURN_IF_ERROR(CheckVersionText(rv));
    if (!context.options.dry_run) object.EraseAt("metadata.resourceVersion");
    if (!uid.empty()) return OtherUid(context, resource, object_ns, name, uid, "");
    *decided = Decided::kByStore;
    return CreateObject(context, resource, std::move(object), mode.applies);
  }
  const std::string wanted = object.GetString("metadata.resourceVersion");
  const bool unconditional = wanted.empty() || wanted == "0";
  const std::string uid = object.GetString("metadata.uid"), old_uid = old.GetString("metadata.uid");
  if (!uid.empty() && uid != old_uid && !mode.patches) {
    return OtherUid(context, resource, object.GetString("metadata.namespace"), name, uid, old_uid);
  }
  const bool by_itself = mode.subresource.empty() || mode.subresource == "status";
  if (unconditional && !AllowsUnconditionalUpdate(kind) && by_itself && !mode.applies) {
    apimachinery::FieldErrors errors;
    errors.Invalid(apimachinery::FieldPath("metadata.resourceVersion"), Value(int64_t{0}),
                   "must be specified for an update");
    return apimachinery::Invalid(kind.group, kind.plural, name, errors);
  }
  if (!unconditional) RETURN_IF_ERROR(CheckVersionText(wanted));
  if (!unconditional && wanted != absl::StrCat(current->revision)) {
    return apimachinery::Conflict(kind.group, kind.plural, name, kModified);
  }
  Value& meta = object["metadata"];
  const auto keep = [&](absl::string_view member) {
    const Value* value = old.At(absl::StrCat("metadata.", member));
    if (value != nullptr) {
      meta.Set(member, *value);
    } else {
      meta.Erase(member);
    }
  };
  if (uid.empty()) keep("uid");
  if (!context.options.dry_run) meta.Erase("selfLink");  // is not stored; a dry run does not get there and gives it back
  keep("creationTimestamp");
  // What is being deleted stays so; that something starts to be is refused by validation.
  if (old.At("metadata.deletionTimestamp") != nullptr) keep("deletionTimestamp");
  if (!meta.Has("deletionGracePeriodSeconds")) keep("deletionGracePeriodSeconds");
  meta.Set("resourceVersion", absl::StrCat(current->revision));
  DedupOwnerReferences(context, object, mode.patches);
  KeepOutsideSubresource(kind, mode.subresource, old, object);
  if (!mode.applies) TrackManagers(context, kind, &old, object);
  if (env_.admission != nullptr) {
    admission::Attributes attributes = MakeAttributes(context, kind, admission::Operation::kUpdate, &object, &old);
    RETURN_IF_ERROR(env_.admission->Mutate(attributes));
  }
  RETURN_IF_ERROR(CheckGrants(context, kind, object, &old));
  Value managed_now;
  if (Value* managed = object.At("metadata.managedFields")) managed_now = std::move(*managed);
  PrepareForUpdate(kind, mode.subresource, object, old);
  if (!managed_now.is_null()) object["metadata"].Set("managedFields", std::move(managed_now));
  Subresources::Complete(context, kind, object, &old, env_.clock->Now());
  std::unique_ptr<Services::Claim> claim;
  if (mode.subresource.empty()) {
    ASSIGN_OR_RETURN(claim, services_->Allocate(kind, object, &old, context.options.dry_run));
  }
  apimachinery::FieldErrors errors = RefuseAdminAccess(kind, object, &old, mode.subresource);
  std::vector<std::string> tolerated;
  const absl::Time validation_began = absl::Now();
  errors.Append(validation::ValidateUpdate(kind, object, old, mode.subresource, &tolerated));
  if (kind.custom != nullptr) CountRatcheting(absl::Now() - validation_began);
  for (const std::string& warning : tolerated) context.AddWarning(warning);
  CountRepeatedErrors(errors);
  if (!errors.empty()) return apimachinery::Invalid(GroupInErrors(kind, object), object.GetString("kind"), name, errors);
  if (kind.kind == "Service" && kind.group.empty()) DropHidden(object);
  for (const std::string& warning : warnings::Of(kind, mode.subresource, object, &old)) context.AddWarning(warning);
  std::unique_ptr<admission::Reservation> reservation;
  if (env_.admission != nullptr) {
    const admission::Attributes attributes =
        MakeAttributes(context, kind, admission::Operation::kUpdate, &object, &old);
    RETURN_IF_ERROR(env_.admission->Validate(attributes, &reservation));
  }
  Answer answer;
  // The last finalizer of an object that waits for it: the update is its deletion.
  const bool dying = object.At("metadata.deletionTimestamp") != nullptr;
  const bool released = object.GetArray("metadata.finalizers").empty() &&
                        (kind.kind != "Namespace" || kind.custom != nullptr || object.GetArray("spec.finalizers").empty()) &&
                        object.GetInt("metadata.deletionGracePeriodSeconds") == 0;
  const bool had_finalizers = !old.GetArray("metadata.finalizers").empty() ||
                              (kind.kind == "Namespace" && !old.GetArray("spec.finalizers").empty());
  bool conflict = false;
  cache::EntryPtr stored;
  const absl::Time comparison_began = absl::Now();
  const bool only_times = apimachinery::apply::EqualIgnoringManagedFieldTimes(object, old);
  CountComparison(only_times, absl::Now() - comparison_began);
  if (const Value* managed = old.At("metadata.managedFields"); only_times && managed != nullptr) {
    object["metadata"].Set("managedFields", *managed);
  }
  const bool stored_so = !current->completed && (kind.custom == nullptr || current->kind == resource.storage);
  if (only_times && stored_so && !env_.store->Stale(resource.StoreKey(object_ns, name))) {
    stored = current;  // nothing to write
  } else if (context.options.dry_run) {
    stored = MakeEntry(kind, object);
  } else if (*decided = Decided::kByStore; dying && released && had_finalizers) {
    ASSIGN_OR_RETURN(store::WriteResult gone,
                     env_.store->Delete(resource.StoreKey(object_ns, name), current->revision));
    conflict = !gone.done;
    if (!conflict) stored = MakeEntry(kind, object);  // under the version it had: it was not stored like this
  } else {
    ASSIGN_OR_RETURN(stored, Put(resource, object, current->revision, &conflict));
  }
  if (conflict) {
    *decided = Decided::kConflict;
    return apimachinery::Conflict(kind.group, kind.plural, name, kModified);
  }
  if (*decided == Decided::kByStore) {
    if (reservation != nullptr) reservation->Commit();
    if (claim != nullptr) claim->Commit();
  }
  answer.object = std::move(stored);
  if (answer.object->kind != &kind) {
    ASSIGN_OR_RETURN(Value tree, TreeOf(resource, *answer.object));
    answer.object = MakeEntry(kind, tree);
  }
  return answer;
}

}  // namespace apiserver::registry
