#include "controller-manager/garbagecollector/graph.h"

#include <algorithm>

namespace controller_manager {

const OwnerGraph::Node* OwnerGraph::Find(const std::string& uid) const {
  const auto found = nodes_.find(uid);
  return found == nodes_.end() ? nullptr : found->second.get();
}

void OwnerGraph::Link(const ObjectFacts& facts, const std::vector<Owner>& owners, Work& work) {
  for (const Owner& owner : owners) {
    std::unique_ptr<Node>& node = nodes_[owner.uid];
    if (node == nullptr) {
      // Named before it was seen: maybe it does not exist. Looked up, and forgotten when it is not there.
      node = std::make_unique<Node>();
      node->facts.api_version = owner.api_version;
      node->facts.kind = owner.kind;
      node->facts.ns = facts.ns;
      node->facts.name = owner.name;
      node->facts.uid = owner.uid;
      work.check.push_back(owner.uid);
    }
    node->dependents.insert(facts.uid);
    if (node->waits_for_dependents()) work.check.push_back(facts.uid);
  }
}

void OwnerGraph::Unlink(const std::string& uid, const std::vector<Owner>& owners) {
  for (const Owner& owner : owners) {
    const auto found = nodes_.find(owner.uid);
    if (found == nodes_.end()) continue;
    found->second->dependents.erase(uid);
    if (!found->second->seen && found->second->dependents.empty()) nodes_.erase(found);
  }
}

OwnerGraph::Work OwnerGraph::Upsert(ObjectFacts facts) {
  Work work;
  const std::string uid = facts.uid;
  std::unique_ptr<Node>& slot = nodes_[uid];
  if (slot == nullptr) slot = std::make_unique<Node>();
  Node& node = *slot;
  const bool was_seen = node.seen;
  const ObjectFacts old = std::move(node.facts);
  node.facts = std::move(facts);
  node.seen = true;
  const ObjectFacts& now = node.facts;

  const auto missing_in = [](const std::vector<Owner>& from, const std::vector<Owner>& in) {
    std::vector<Owner> out;
    for (const Owner& owner : from) {
      if (std::none_of(in.begin(), in.end(), [&](const Owner& o) { return o.uid == owner.uid; })) out.push_back(owner);
    }
    return out;
  };
  const std::vector<Owner> old_owners = was_seen ? old.owners : std::vector<Owner>();
  const std::vector<Owner> lost = missing_in(old_owners, now.owners);
  for (const Owner& owner : lost) {
    // An owner that waits for its dependents may now be free to go.
    if (const Node* n = Find(owner.uid); n != nullptr && n->waits_for_dependents()) work.check.push_back(owner.uid);
  }
  Unlink(uid, lost);
  Link(now, missing_in(now.owners, old_owners), work);
  if (was_seen && old_owners != now.owners) work.check.push_back(uid);

  const bool newly_deleting = now.deleting && (!was_seen || !old.deleting);
  if (now.deleting && now.orphan && (newly_deleting || !old.orphan)) work.orphan.push_back(uid);
  if (node.waits_for_dependents() && (newly_deleting || !old.foreground)) {
    for (const std::string& dependent : node.dependents) work.check.push_back(dependent);
    work.check.push_back(uid);
  }
  return work;
}

OwnerGraph::Work OwnerGraph::Remove(const std::string& uid) {
  Work work;
  const auto found = nodes_.find(uid);
  if (found == nodes_.end()) return work;
  const std::unique_ptr<Node> node = std::move(found->second);
  nodes_.erase(found);
  for (const std::string& dependent : node->dependents) work.check.push_back(dependent);
  if (!node->seen) return work;
  for (const Owner& owner : node->facts.owners) {
    if (const Node* n = Find(owner.uid); n != nullptr && n->waits_for_dependents()) work.check.push_back(owner.uid);
  }
  Unlink(uid, node->facts.owners);
  return work;
}

std::vector<std::string> OwnerGraph::BlockingDependents(const std::string& uid) const {
  std::vector<std::string> out;
  const Node* node = Find(uid);
  if (node == nullptr) return out;
  for (const std::string& dependent : node->dependents) {
    const Node* d = Find(dependent);
    if (d == nullptr) continue;
    for (const Owner& owner : d->facts.owners) {
      if (owner.uid == uid && owner.block_deletion) out.push_back(dependent);
    }
  }
  return out;
}

CollectPlan PlanCollect(const ObjectFacts& object, const std::vector<OwnerState>& owners, bool has_dependents) {
  CollectPlan plan;
  bool solid = false, waiting = false;
  for (const OwnerState& owner : owners) {
    if (owner.is == OwnerState::Is::kSolid) {
      solid = true;
    } else {
      plan.drop.push_back(owner.owner.uid);
      waiting |= owner.is == OwnerState::Is::kWaiting;
    }
  }
  if (owners.empty()) return plan;
  if (solid) {  // somebody still owns it: only the dead references go
    if (!plan.drop.empty()) plan.verb = Verb::kDropOwners;
    return plan;
  }
  plan.drop.clear();
  plan.verb = Verb::kDelete;
  if (waiting && has_dependents) {
    plan.propagation = "Foreground";  // the owner waits, so its whole tree goes leaf by leaf
  } else {
    plan.propagation = object.orphan ? "Orphan" : object.foreground ? "Foreground" : "Background";
  }
  return plan;
}

}  // namespace controller_manager
