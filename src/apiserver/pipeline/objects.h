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
  virtual absl::Status Delete(const GroupResource& what, absl::string_view ns, absl::string_view name) = 0;
};

}  // namespace apiserver::pipeline
