#include "scheduler/cache/cache.h"

#include <utility>

namespace scheduler {

void Cache::PlaceLocked(PodPtr pod, const std::string& node) {
  NodePtr& slot = nodes_[node];
  auto next = slot == nullptr ? std::make_shared<NodeInfo>() : std::make_shared<NodeInfo>(*slot);
  pods_[pod->uid] = {pod, node};
  next->Add(std::move(pod));
  slot = std::move(next);
  dirty_.insert(node);
}

void Cache::UnplaceLocked(const std::string& uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  const std::string node = std::move(found->second.node);
  pods_.erase(found);
  const auto slot = nodes_.find(node);
  if (slot == nodes_.end()) return;
  auto next = std::make_shared<NodeInfo>(*slot->second);
  next->Remove(uid);
  dirty_.insert(node);
  if (next->spec == nullptr && next->pods.empty()) {
    nodes_.erase(slot);  // the node went before its last pod
  } else {
    slot->second = std::move(next);
  }
}

void Cache::SetNode(NodeSpec spec) {
  absl::MutexLock lock(&mu_);
  const std::string name = spec.name;
  NodePtr& slot = nodes_[name];
  auto next = slot == nullptr ? std::make_shared<NodeInfo>() : std::make_shared<NodeInfo>(*slot);
  next->spec = std::make_shared<const NodeSpec>(std::move(spec));
  slot = std::move(next);
  dirty_.insert(name);
}

void Cache::RemoveNode(const std::string& name) {
  absl::MutexLock lock(&mu_);
  const auto slot = nodes_.find(name);
  if (slot == nodes_.end()) return;
  dirty_.insert(name);
  if (slot->second->pods.empty()) {
    nodes_.erase(slot);
    return;
  }
  auto next = std::make_shared<NodeInfo>(*slot->second);
  next->spec = nullptr;
  slot->second = std::move(next);
}

void Cache::SetNamespace(const std::string& name, Labels labels) {
  absl::MutexLock lock(&mu_);
  namespaces_[name] = std::move(labels);
  namespaces_changed_ = true;
}

void Cache::RemoveNamespace(const std::string& name) {
  absl::MutexLock lock(&mu_);
  namespaces_.erase(name);
  namespaces_changed_ = true;
}

void Cache::SetPod(PodPtr pod) {
  absl::MutexLock lock(&mu_);
  nominations_changed_ |= nominated_.erase(pod->uid) > 0;
  UnplaceLocked(pod->uid);
  const std::string node = pod->node_name;
  PlaceLocked(std::move(pod), node);
}

void Cache::RemovePod(const std::string& uid) {
  absl::MutexLock lock(&mu_);
  nominations_changed_ |= nominated_.erase(uid) > 0;
  UnplaceLocked(uid);
}

void Cache::Assume(PodPtr pod, const std::string& node) {
  absl::MutexLock lock(&mu_);
  nominations_changed_ |= nominated_.erase(pod->uid) > 0;
  UnplaceLocked(pod->uid);
  PlaceLocked(std::move(pod), node);
}

void Cache::Forget(const std::string& uid) {
  absl::MutexLock lock(&mu_);
  UnplaceLocked(uid);
}

void Cache::Nominate(PodPtr pod, const std::string& node) {
  absl::MutexLock lock(&mu_);
  nominated_[pod->uid] = {pod, node};
  nominations_changed_ = true;
}

void Cache::ClearNomination(const std::string& uid) {
  absl::MutexLock lock(&mu_);
  nominations_changed_ |= nominated_.erase(uid) > 0;
}

size_t Cache::nodes() const {
  absl::MutexLock lock(&mu_);
  return nodes_.size();
}

Cache::Sizes Cache::sizes() const {
  absl::MutexLock lock(&mu_);
  Sizes sizes{nodes_.size(), pods_.size(), 0};
  for (const auto& [uid, placed] : pods_) sizes.assumed += placed.pod->node_name.empty() ? 1 : 0;  // not known to be there yet
  return sizes;
}

void Cache::UpdateSnapshot(Snapshot& snapshot) {
  absl::MutexLock lock(&mu_);
  const auto count = [&](const NodeInfo& node, int sign) {
    if (node.affinity_pods > 0) snapshot.nodes_with_affinity += sign;
    if (node.anti_affinity_pods > 0) snapshot.nodes_with_anti_affinity += sign;
  };
  for (const std::string& name : dirty_) {
    const auto slot = nodes_.find(name);
    const bool live = slot != nodes_.end() && slot->second->spec != nullptr;
    const auto place = snapshot.index.find(name);
    if (place != snapshot.index.end()) {
      NodePtr& there = snapshot.nodes[place->second];
      count(*there, -1);
      if (live) {
        there = slot->second;
        count(*there, 1);
      } else {  // the last one takes its place
        const size_t hole = place->second;
        snapshot.index.erase(place);
        if (hole + 1 != snapshot.nodes.size()) {
          snapshot.nodes[hole] = std::move(snapshot.nodes.back());
          snapshot.index[snapshot.nodes[hole]->spec->name] = hole;
        }
        snapshot.nodes.pop_back();
      }
    } else if (live) {
      snapshot.index[name] = snapshot.nodes.size();
      snapshot.nodes.push_back(slot->second);
      count(*slot->second, 1);
    }
  }
  dirty_.clear();
  if (nominations_changed_) {
    snapshot.nominated.clear();
    for (const auto& [uid, placed] : nominated_) snapshot.nominated[placed.node].push_back(placed.pod);
    nominations_changed_ = false;
  }
  if (namespaces_changed_) {
    snapshot.namespaces = namespaces_;
    namespaces_changed_ = false;
  }
}

}  // namespace scheduler
