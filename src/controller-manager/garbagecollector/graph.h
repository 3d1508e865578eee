// Who owns whom, of every object of every kind: the garbage collector's map. Pure; not thread-safe.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace controller_manager {

struct Owner {
  std::string api_version, kind, name, uid;
  bool controller = false;
  bool block_deletion = false;
  friend bool operator==(const Owner&, const Owner&) = default;
};

// What a monitor reports of one object.
struct ObjectFacts {
  std::string api_version, kind, ns, name, uid;
  std::vector<Owner> owners;
  bool deleting = false;
  bool foreground = false;  // has the finalizer foregroundDeletion
  bool orphan = false;      // has the finalizer orphan
};

class OwnerGraph {
 public:
  struct Node {
    ObjectFacts facts;
    bool seen = false;  // by a monitor; else only named by a dependent
    absl::flat_hash_set<std::string> dependents;
    bool waits_for_dependents() const { return facts.deleting && facts.foreground; }
  };
  // Objects to look at after a change, by uid.
  struct Work {
    std::vector<std::string> check;   // may have to be deleted
    std::vector<std::string> orphan;  // owners that leave their dependents behind
  };

  Work Upsert(ObjectFacts facts);
  Work Remove(const std::string& uid);
  const Node* Find(const std::string& uid) const;
  // Direct dependents that hold back the foreground deletion of `uid`.
  std::vector<std::string> BlockingDependents(const std::string& uid) const;
  size_t size() const { return nodes_.size(); }

 private:
  void Link(const ObjectFacts& facts, const std::vector<Owner>& owners, Work& work);
  void Unlink(const std::string& uid, const std::vector<Owner>& owners);

  absl::flat_hash_map<std::string, std::unique_ptr<Node>> nodes_;
};

// How the owners of an object stand, looked up freshly.
struct OwnerState {
  Owner owner;
  enum class Is { kSolid, kAbsent, kWaiting } is = Is::kSolid;  // waiting: it waits for its dependents to go
};
enum class Verb { kNothing, kDropOwners, kDelete };
struct CollectPlan {
  Verb verb = Verb::kNothing;
  std::vector<std::string> drop;  // kDropOwners: uids
  std::string propagation;        // kDelete
};
// `has_dependents`: somebody names the object as owner.
CollectPlan PlanCollect(const ObjectFacts& object, const std::vector<OwnerState>& owners, bool has_dependents);

}  // namespace controller_manager
