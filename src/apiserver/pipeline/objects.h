// How policy (authorizers, admission, validation) and start-up code see stored objects: an in-process
// client that skips authentication and authorization. Thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::pipeline {

// Names a stored resource: {"rbac.authorization.k8s.io", "roles"}; "" is the core group.
struct GroupResource {
  std::string group;
  std::string resource;
  friend bool operator==(const GroupResource&, const GroupResource&) = default;
  friend auto operator<=>(const GroupResource&, const GroupResource&) = default;
};

using ObjectPtr = std::shared_ptr<const apimachinery::Value>;  // with metadata.resourceVersion set

// A kind that stays as long as it is held: those of custom resources come and go.
using KindPtr = std::shared_ptr<const apimachinery::Kind>;

class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  // From the watch cache: may lag the store by a moment. nullptr: no such object (or resource).
  // `ns` is "" for cluster-scoped resources. Decoded trees of small, hot kinds are kept.
  virtual ObjectPtr Get(const GroupResource& what, absl::string_view ns, absl::string_view name) const = 0;
  // All objects of a resource, ordered by key; `ns` "" means every namespace.
  virtual std::vector<ObjectPtr> List(const GroupResource& what, absl::string_view ns) const = 0;
  // Pods whose spec.nodeName is `node`. Override it when an index is at hand.
  virtual std::vector<ObjectPtr> PodsOnNode(absl::string_view node) const {
    std::vector<ObjectPtr> out;
    for (ObjectPtr& pod : List({"", "pods"}, "")) {
      if (pod->GetString("spec.nodeName") == node) out.push_back(std::move(pod));
    }
    return out;
  }
  // Changes whenever any object of the resource does: compiled forms (RBAC rules) compare it and rebuild.
  virtual uint64_t Generation(const GroupResource& what) const = 0;
  // Straight from the store, for decisions that must not be stale. OK with nullptr: no such object.
  virtual absl::StatusOr<ObjectPtr> GetFresh(const GroupResource& what, absl::string_view ns,
                                             absl::string_view name) const = 0;

  // nullptr: no resource of such a kind is served.
  virtual KindPtr FindKind(absl::string_view, absl::string_view) const { return nullptr; }  // apiVersion, kind
  // All groups and versions in which the objects of a resource are served, itself among them.
  virtual std::vector<KindPtr> Equivalents(absl::string_view, absl::string_view, absl::string_view) const { return {}; }
  // Makes an object of `from` one of `to`, an equivalent.
  virtual absl::Status ConvertObject(const apimachinery::Kind&, const apimachinery::Kind&, apimachinery::Value&) const {
    return absl::UnimplementedError("no conversion");
  }
};

class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  // Stores `object` as it is, after defaults and metadata, without admission. AlreadyExists when there is one.
  virtual absl::StatusOr<ObjectPtr> Create(const GroupResource& what, const apimachinery::Value& object) = 0;
  // Read, change, write, again on conflict. `change` answers false to leave the object alone. NotFound: none.
  // Status (and everything else) may be changed: no strategy runs.
  virtual absl::StatusOr<ObjectPtr> Modify(const GroupResource& what, absl::string_view ns, absl::string_view name,
                                           const std::function<bool(apimachinery::Value&)>& change) = 0;
  // The same of the object's status, as this server's own client would write it: what changes is seen to be its doing.
  virtual absl::StatusOr<ObjectPtr> ModifyStatus(const GroupResource& what, absl::string_view ns, absl::string_view name,
                                                 const std::function<bool(apimachinery::Value&)>& change) {
    return Modify(what, ns, name, change);
  }
  virtual absl::Status Delete(const GroupResource& what, absl::string_view ns, absl::string_view name) = 0;
};

}  // namespace apiserver::pipeline
