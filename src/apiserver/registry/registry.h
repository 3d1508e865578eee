// The verbs of the API behind both doors: from an authorized request to the store and back.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/api_error.h"
#include "apimachinery/field_error.h"
#include "apimachinery/patch/patch.h"
#include "apiserver/admission/admission.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/auth/token_issuer.h"
#include "apiserver/cache/cache.h"
#include "apiserver/conversion/converter.h"
#include "apiserver/pipeline/objects.h"
#include "apiserver/pipeline/request.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/resource.h"
#include "apiserver/store/store.h"
#include "base/clock.h"

namespace apiserver::registry {

// What the doors present: an object as bytes of its kind, or a Status.
struct Answer {
  int code = 200;
  cache::EntryPtr object;  // kind is what it is to be shown as
  std::optional<apimachinery::ApiStatus> status;
};

// Payload of a 410 on a page: the token to go on with, as metadata.continue of the Status.
inline constexpr absl::string_view kContinuePayload = "skiff/continue";

struct ListAnswer {
  ResourcePtr resource;  // items are shown as resource->kind (converted when it converts())
  std::vector<cache::EntryPtr> items;
  int64_t revision = 0;
  std::string continue_token;
  std::optional<int64_t> remaining;
};

struct WatchAnswer {
  ResourcePtr resource;
  std::unique_ptr<cache::WatchTicket> ticket;
};

// How a daemon of the control plane says it is.
struct ComponentHealth {
  std::string name, status, message, error;  // status: True, False, Unknown
};

// What the registry works with. All outlive it; those marked may be nullptr.
struct Environment {
  store::Store* store = nullptr;
  cache::Cache* cache = nullptr;
  ResourceTable* resources = nullptr;
  const base::Clock* clock = nullptr;
  // Set after construction, before the first request: they read objects through the registry.
  const admission::Chain* admission = nullptr;
  const auth::Authenticator* authenticator = nullptr;
  const auth::Authorizer* authorizer = nullptr;
  const auth::TokenIssuer* token_issuer = nullptr;  // may be nullptr
  conversion::Converter* converter = nullptr;       // of custom resources with a conversion webhook
  std::function<std::vector<ComponentHealth>()> components;  // may be empty; blocks
  std::string service_cidr = "10.96.0.0/12";        // IPv4
  absl::Duration event_ttl = absl::Hours(1);        // how long events are kept; zero: for ever
  int node_port_first = 30000, node_port_last = 32767;
};

class EventLeases;
class Services;
struct DeletionPlan;

// BadRequest, as upstream's, of a name from a request's path that could be more than a part of a key.
absl::Status CheckNameParameter(absl::string_view name);

// Thread-safe. Calls block on the store. Errors carry ApiStatus.
class Registry final : public pipeline::ObjectReader, public pipeline::ObjectWriter {
 public:
  explicit Registry(Environment environment);
  ~Registry() override;

  Environment& environment() { return env_; }
  const Environment& environment() const { return env_; }

  // The resource of a request. NotFound (404 page not found) when there is none.
  absl::StatusOr<ResourcePtr> Resolve(const pipeline::RequestInfo& info) const;

  absl::StatusOr<Answer> Get(pipeline::RequestContext& context);
  absl::StatusOr<ListAnswer> List(pipeline::RequestContext& context);
  absl::StatusOr<WatchAnswer> Watch(pipeline::RequestContext& context, std::unique_ptr<cache::WatchSink> sink);
  absl::StatusOr<Answer> Create(pipeline::RequestContext& context, const Body& body);
  absl::StatusOr<Answer> Update(pipeline::RequestContext& context, const Body& body);
  absl::StatusOr<Answer> Patch(pipeline::RequestContext& context, apimachinery::patch::PatchType type,
                               const Body& body);
  // `options`: a meta.v1.DeleteOptions tree.
  absl::StatusOr<Answer> Delete(pipeline::RequestContext& context, const apimachinery::Value& options);
  absl::StatusOr<ListAnswer> DeleteCollection(pipeline::RequestContext& context, const apimachinery::Value& options);

  // ObjectReader
  pipeline::ObjectPtr Get(const pipeline::GroupResource& what, absl::string_view ns,
                          absl::string_view name) const override;
  std::vector<pipeline::ObjectPtr> List(const pipeline::GroupResource& what, absl::string_view ns) const override;
  uint64_t Generation(const pipeline::GroupResource& what) const override;
  absl::StatusOr<pipeline::ObjectPtr> GetFresh(const pipeline::GroupResource& what, absl::string_view ns,
                                               absl::string_view name) const override;
  pipeline::KindPtr FindKind(absl::string_view api_version, absl::string_view kind) const override;
  std::vector<pipeline::KindPtr> Equivalents(absl::string_view group, absl::string_view version,
                                             absl::string_view resource) const override;
  absl::Status ConvertObject(const apimachinery::Kind& from, const apimachinery::Kind& to,
                             apimachinery::Value& object) const override {
    return ConvertTree(from, to, object);
  }
  // ObjectWriter
  absl::StatusOr<pipeline::ObjectPtr> Create(const pipeline::GroupResource& what,
                                             const apimachinery::Value& object) override;
  absl::StatusOr<pipeline::ObjectPtr> Modify(const pipeline::GroupResource& what, absl::string_view ns,
                                             absl::string_view name,
                                             const std::function<bool(apimachinery::Value&)>& change) override;
  absl::StatusOr<pipeline::ObjectPtr> ModifyStatus(const pipeline::GroupResource& what, absl::string_view ns,
                                                   absl::string_view name,
                                                   const std::function<bool(apimachinery::Value&)>& change) override;
  absl::Status Delete(const pipeline::GroupResource& what, absl::string_view ns, absl::string_view name) override;

  // Until the cache shows all that was committed, for the server's own reads of a resource.
  absl::Status AwaitFresh(const pipeline::GroupResource& what, absl::Duration patience) const;

  // A create with everything but authentication and authorization (bootstrap objects). `applied`: the managed fields
  // are those of a server-side apply already.
  absl::StatusOr<Answer> CreateObject(pipeline::RequestContext& context, const Resource& resource,
                                      apimachinery::Value object, bool applied = false);

 private:
  friend class Subresources;
  // Makes the new object from the current one. `current` is nullptr when there is none.
  using Change = std::function<absl::StatusOr<apimachinery::Value>(const apimachinery::Value* current)>;
  struct UpdateMode {
    std::string subresource;       // "", "status", ...: which strategy
    bool allow_create = false;
    bool applies = false;          // server-side apply: managed fields are done already
    bool patches = false;          // another uid is a change like any other, not a precondition
    int attempts = 1;              // on conflicts that the request did not ask for
  };
  absl::StatusOr<Answer> UpdateObject(pipeline::RequestContext& context, const Resource& resource,
                                      const UpdateMode& mode, const Change& change);
  // What an attempt's answer rests on: the object it looked at, a write that the store took (or failed to), or a write
  // that the store refused because the object is another by now.
  enum class Decided { kByReading, kByStore, kConflict };
  absl::StatusOr<Answer> UpdateOnce(pipeline::RequestContext& context, const Resource& resource, const UpdateMode& mode,
                                    const Change& change, const cache::EntryPtr& current, Decided* decided);
  absl::StatusOr<Answer> DeleteObject(pipeline::RequestContext& context, const Resource& resource,
                                      cache::EntryPtr current, const apimachinery::Value& options);
  absl::Status AdmitDeletion(pipeline::RequestContext& context, const Resource& resource,
                             const apimachinery::Value& options, const std::string& name,
                             const apimachinery::Value& object) const;
  // Answers the object as it was last. `object` gets the version of its removal.
  absl::StatusOr<cache::EntryPtr> CarryOut(const DeletionPlan& plan, const Resource& resource,
                                           apimachinery::Value& object, const cache::EntryPtr& current, bool* conflict);
  // Whether what lies in the store at (or below) the key can be decrypted.
  absl::Status Readable(absl::string_view store_key) const;
  // The current object, from the cache when that is certain to be fresh enough, else from the store. nullptr: none.
  absl::StatusOr<cache::EntryPtr> Current(const Resource& resource, absl::string_view ns, absl::string_view name,
                                          bool from_store) const;
  // Stores what `object` (in the resource's served version) is. `expected` 0: create.
  absl::StatusOr<cache::EntryPtr> Put(const Resource& resource, const apimachinery::Value& object, int64_t expected,
                                      bool* conflict);
  // Devices with an administrator's rights are given in namespaces with a label only.
  apimachinery::FieldErrors RefuseAdminAccess(const apimachinery::Kind& kind, const apimachinery::Value& object,
                                              const apimachinery::Value* old, absl::string_view subresource) const;
  // Changes the version of an object in place; by its webhook where the definition has one.
  absl::Status ConvertTree(const apimachinery::Kind& from, const apimachinery::Kind& to, apimachinery::Value& object) const;
  // The same of the items of a list that a webhook has to convert; others are converted when they are shown.
  absl::Status ConvertItems(ListAnswer& list) const;
  absl::StatusOr<apimachinery::Value> TreeOf(const Resource& resource, const cache::Entry& entry) const;
  absl::Status CheckGrants(const pipeline::RequestContext& context, const apimachinery::Kind& kind,
                           const apimachinery::Value& object, const apimachinery::Value* old) const;
  void TrackManagers(pipeline::RequestContext& context, const apimachinery::Kind& kind, const apimachinery::Value* live,
                     apimachinery::Value& object) const;
  // A list that the cache does not have (any more): at an older revision, or going on from a page.
  struct StoreList {
    int64_t revision = 0;  // 0: the present
    int64_t limit = 0;     // 0: none
    std::string start;     // key below the list's prefix; "": from the beginning
  };
  bool AsksComponents(const pipeline::RequestInfo& info) const;
  absl::StatusOr<Answer> GetComponent(const pipeline::RequestContext& context) const;
  absl::StatusOr<ListAnswer> ListComponents(const pipeline::RequestContext& context) const;
  absl::Status AwaitCache(const pipeline::RequestContext& context, const Resource& resource, int64_t revision) const;
  // What is wrong with the selectors and versions of a request for many objects.
  static absl::Status CheckSelection(const pipeline::RequestContext& context, const Resource& resource);
  absl::StatusOr<ListAnswer> ListAsStored(pipeline::RequestContext& context, const ResourcePtr& resource);
  ListAnswer ListFromCache(const ResourcePtr& resource, cache::Filter filter, int64_t limit) const;
  absl::StatusOr<ListAnswer> ListFromStore(const ResourcePtr& resource, const cache::Filter& filter,
                                           const StoreList& list) const;
  absl::Status ListFailed(const absl::Status& status, const StoreList& list) const;

  Environment env_;
  std::unique_ptr<EventLeases> event_leases_;  // nullptr: events stay
  std::unique_ptr<Services> services_;
};

// An object that is not stored, as an Answer shows it.
cache::EntryPtr MakeEntry(const apimachinery::Kind& kind, const apimachinery::Value& object);

// Server-side apply of a request's body to `current` (nullptr: to nothing): the merged object with its owners.
absl::StatusOr<apimachinery::Value> ApplyBody(pipeline::RequestContext& context, const apimachinery::Kind& kind,
                                              const apimachinery::Value* current, const Body& body, absl::Time now);

}  // namespace apiserver::registry
