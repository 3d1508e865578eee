#include "apiserver/apiextensions/controller.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/json.h"
#include "apimachinery/time.h"
#include "apiserver/apiextensions/conditions.h"
#include "apiserver/registry/change_loop.h"
#include "apiserver/apiextensions/openapi_series.h"
#include "base/log.h"
#include "base/metrics/queue_series.h"
#include "base/status_macros.h"

namespace apiserver::apiextensions {
namespace {

using apimachinery::Value;
using pipeline::ObjectPtr;
using registry::CustomResources;

const pipeline::GroupResource kDefinitions{"apiextensions.k8s.io", "customresourcedefinitions"};
constexpr absl::Duration kRetry = absl::Seconds(1);            // after a write that failed
constexpr absl::Duration kInstancesRecheck = absl::Milliseconds(50);  // while instances go

class ControllerImpl final : public Controller {
 public:
  explicit ControllerImpl(registry::Registry& registry)
      : registry_(registry), loop_(registry, "crd_naming_condition_controller", {{kDefinitions, nullptr}}, [this] { return Sync(); }) {}
  ~ControllerImpl() override { Stop(); }

  absl::Status Start() override { return loop_.Start(/*look_here=*/true); }
  void Stop() override { loop_.Stop(); }

 private:
  // A definition as it is served.
  struct Serving {
    std::string of;  // what of the object it was made of
    CustomResources::Served served;
  };

  // One look at all definitions; answers when to look again although nothing changes.
  absl::Duration Sync() {
    const absl::Time now = registry_.environment().clock->Now();
    std::vector<Value> crds;
    for (const ObjectPtr& object : registry_.List(kDefinitions, "")) crds.push_back(*object);
    std::vector<const Value*> all;
    for (const Value& crd : crds) all.push_back(&crd);
    std::vector<std::string> changed;
    for (Value& crd : crds) {
      const bool judged = JudgeApproval(crd, now);
      if (AcceptNames(all, crd, now) || judged) changed.push_back(crd.GetString("metadata.name"));
    }
    absl::Duration again = Serve(crds);
    // Written when it is served: who sees a definition established can use it.
    for (const std::string& name : changed) again = std::min(again, WriteNames(name));
    for (const Value& crd : crds) {
      if (crd.At("metadata.deletionTimestamp") != nullptr && HasCleanupFinalizer(crd)) again = std::min(again, CleanUp(crd));
    }
    return again;
  }

  absl::Duration Serve(const std::vector<Value>& crds) {
    absl::Duration again = absl::InfiniteDuration();
    std::map<std::string, Serving> serving;
    bool changed = false;
    for (const Value& crd : crds) {
      const bool established = ConditionIsTrue(crd, "Established");
      if (!established && !ConditionIsTrue(crd, "NamesAccepted")) continue;
      const std::string name = crd.GetString("metadata.name");
      Serving one;
      one.of = Fingerprint(crd);
      const auto known = serving_.find(name);
      if (known != serving_.end() && known->second.of == one.of) {
        one.served = known->second.served;
      } else if (const absl::Status opened = Open(crd, &one.served); !opened.ok()) {
        base::LogWarning("custom resource not served name=", name, " error=", opened.message());
        if (!absl::IsInvalidArgument(opened)) again = kRetry;
        continue;
      }
      const bool terminating = ConditionIsTrue(crd, "Terminating");
      if (known == serving_.end() || known->second.of != one.of) {
        CountRegeneration(*one.served.definition, known == serving_.end() ? "add" : "update");
        changed = true;
      }
      changed |= one.served.established != established ||
                 one.served.terminating != terminating;
      one.served.established = established;
      one.served.terminating = terminating;
      serving.emplace(name, std::move(one));
    }
    changed |= serving.size() != serving_.size();
    if (!changed) return again;
    serving_.swap(serving);
    std::vector<CustomResources::Served> served;
    for (const auto& [name, one] : serving_) served.push_back(one.served);
    registry_.environment().resources->SetCustom(std::make_shared<const CustomResources>(std::move(served), ++generation_));
    for (const auto& [name, gone] : serving) {
      if (serving_.count(name) != 0) continue;
      CountRegeneration(*gone.served.definition, "remove");
      registry_.environment().cache->Close(gone.served.definition->storage_prefix);
    }
    return again;
  }

  // Changes of these make another resource of a definition; its watches end.
  static std::string Fingerprint(const Value& crd) {
    const Value* spec = crd.Find("spec");
    const Value* names = crd.At("status.acceptedNames");
    return absl::StrCat(crd.GetString("metadata.uid"), spec == nullptr ? "" : apimachinery::WriteJson(*spec),
                        names == nullptr ? "" : apimachinery::WriteJson(*names));
  }

  absl::Status Open(const Value& crd, CustomResources::Served* served) {
    ASSIGN_OR_RETURN(served->definition, apimachinery::structural::MakeDefinition(crd));
    ASSIGN_OR_RETURN(served->mirror, registry_.environment().cache->Open(served->definition));
    return absl::OkStatus();
  }

  // Changes the status of a definition as the status subresource would, with the server as its manager.
  absl::Status WriteStatus(const std::string& name, const std::function<bool(Value&)>& change) {
    return registry_
        .Modify(kDefinitions, "", name,
                [&](Value& crd) {
                  const Value before = crd;
                  if (!change(crd)) return false;
                  apimachinery::apply::Manager manager;
                  manager.name = "kube-apiserver";
                  manager.subresource = "status";
                  manager.api_version = "apiextensions.k8s.io/v1";
                  manager.time = apimachinery::FormatTime(registry_.environment().clock->Now());
                  manager.reset_fields = {"metadata", "spec"};
                  const apimachinery::Message* message =
                      apimachinery::Schema::Builtin().FindMessage("apiextensions.v1.CustomResourceDefinition");
                  crd = apimachinery::apply::TrackUpdate(message, before, std::move(crd), manager);
                  return true;
                })
        .status();
  }

  absl::Duration WriteNames(const std::string& name) {
    const absl::Status written = WriteStatus(name, [&](Value& crd) {
      std::vector<ObjectPtr> held = registry_.List(kDefinitions, "");
      std::vector<const Value*> all;
      for (const ObjectPtr& object : held) {
        if (object->GetString("metadata.name") != name) all.push_back(object.get());
      }
      all.push_back(&crd);
      const bool judged = JudgeApproval(crd, registry_.environment().clock->Now());
      return AcceptNames(all, crd, registry_.environment().clock->Now()) || judged;
    });
    return Judge(name, written);
  }

  static absl::Duration Judge(const std::string& name, const absl::Status& written) {
    if (written.ok() || apimachinery::ApiStatus::From(written).code == 404) return absl::InfiniteDuration();
    base::LogWarning("status of a custom resource definition not written name=", name, " error=", written.message());
    return kRetry;
  }

  // A definition on its way out: its instances first, then the finalizer.
  absl::Duration CleanUp(const Value& crd) {
    const std::string name = crd.GetString("metadata.name");
    const base::QueuedWork work(finalizer_, name);
    const absl::Duration again = CleanUpOnce(crd, name);
    if (again != absl::InfiniteDuration()) finalizer_.Retried();
    return again;
  }

  absl::Duration CleanUpOnce(const Value& crd, const std::string& name) {
    const auto set = [&](bool status, absl::string_view reason, absl::string_view message) {
      return WriteStatus(name, [&](Value& v) {
        return v.At("metadata.deletionTimestamp") != nullptr &&
               SetCondition(v, "Terminating", status, reason, message, registry_.environment().clock->Now());
      });
    };
    const auto serving = serving_.find(name);
    if (ConditionIsTrue(crd, "Established") && serving != serving_.end()) {
      if (ConditionIsTrue(crd, "Terminating")) {
        const absl::Status told = set(true, "InstanceDeletionInProgress", "CustomResource deletion is in progress");
        if (!told.ok()) return Judge(name, told);
      }
      const absl::StatusOr<bool> empty = DeleteInstances(*serving->second.served.definition, *serving->second.served.mirror);
      if (!empty.ok()) {
        base::LogWarning("instances not deleted definition=", name, " error=", empty.status().message());
        return kRetry;
      }
      if (!*empty) return kInstancesRecheck;
    }
    return Judge(name, Release(name));
  }

  // Whether none is left.
  absl::StatusOr<bool> DeleteInstances(const apimachinery::structural::Definition& definition, const cache::ResourceMirror& mirror) {
    registry::Environment& env = registry_.environment();
    const pipeline::GroupResource what{definition.group, definition.plural};
    RETURN_IF_ERROR(registry_.AwaitFresh(what, absl::Seconds(5)));
    const cache::Listing listing = env.cache->List(mirror, "");
    if (listing.items.empty()) return true;
    for (const cache::EntryPtr& entry : listing.items) {
      if (entry->Decode()->At("metadata.deletionTimestamp") != nullptr) continue;  // held by a finalizer
      pipeline::RequestContext context;
      context.user.name = "system:apiserver";
      context.user.groups = {"system:masters", "system:authenticated"};
      context.info.is_resource_request = true;
      context.info.verb = "delete";
      context.info.api_prefix = "apis";
      context.info.group = definition.group;
      context.info.version = definition.storage->name;
      context.info.resource = definition.plural;
      context.info.ns = std::string(entry->ns());
      context.info.name = std::string(entry->name());
      const registry::ResourcePtr resource = env.resources->FindAnyVersion(definition.group, definition.plural);
      if (resource == nullptr) return absl::UnavailableError("not served");
      context.info.version = std::string(resource->kind->version);
      const absl::Status deleted = registry_.Delete(context, Value::MakeObject()).status();
      if (!deleted.ok() && apimachinery::ApiStatus::From(deleted).code != 404) return deleted;
    }
    RETURN_IF_ERROR(registry_.AwaitFresh(what, absl::Seconds(5)));
    return env.cache->Count(mirror) == 0;
  }

  // The finalizer goes; the definition with it when it was the last.
  absl::Status Release(const std::string& name) {
    bool last = false;
    RETURN_IF_ERROR(WriteStatus(name, [&](Value& crd) {
      last = crd.At("metadata.deletionTimestamp") != nullptr && crd.GetArray("metadata.finalizers").size() <= 1;
      if (last || !HasCleanupFinalizer(crd)) return false;
      SetCondition(crd, "Terminating", false, "InstanceDeletionCompleted", "removed all instances",
                   registry_.environment().clock->Now());
      DropCleanupFinalizer(crd);
      return true;
    }));
    if (!last) return absl::OkStatus();
    return static_cast<pipeline::ObjectWriter&>(registry_).Delete(kDefinitions, "", name);
  }

  registry::Registry& registry_;
  std::map<std::string, Serving> serving_;  // the loop's own
  uint64_t generation_ = 0;
  base::QueueSeries& finalizer_ = base::QueueSeries::Of("crd_finalizer");
  registry::ChangeLoop loop_;
};

}  // namespace

std::unique_ptr<Controller> NewController(registry::Registry& registry) { return std::make_unique<ControllerImpl>(registry); }

}  // namespace apiserver::apiextensions
