// Claims, volumes and classes of storage as the scheduler sees them, and which volume a claim gets on a node. Plain values.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/framework/node_info.h"

namespace scheduler {

// A PersistentVolumeClaim.
struct Claim {
  std::string ns, name, uid, resource_version;
  std::string volume;  // what it is or wants to be bound to; empty: any that fits
  bool bound = false;  // both sides are written
  bool deleting = false;
  std::string class_name, volume_mode, selected_node;
  std::vector<std::string> access_modes;
  int64_t bytes = 0;
  std::optional<Selector> selector;

  std::string key() const { return ns + "/" + name; }
};
using ClaimPtr = std::shared_ptr<const Claim>;

// A PersistentVolume.
struct Volume {
  std::string name, class_name, volume_mode;
  std::vector<std::string> access_modes;
  int64_t bytes = 0;
  Labels labels;
  std::optional<std::vector<NodeTerm>> nodes;  // any of them; unset: every node
  bool deleting = false, available = false;    // available: nobody's
  std::string claim_key, claim_uid;            // whose it is; uid empty: whoever comes with that name

  bool ReachableFrom(const NodeSpec& node) const;
};
using VolumePtr = std::shared_ptr<const Volume>;

// A StorageClass.
struct VolumeClass {
  bool waits_for_pod = false;  // WaitForFirstConsumer
  bool provisions = false;     // somebody makes volumes for claims
};

// Immutable.
struct VolumeState {
  std::map<std::string, ClaimPtr> claims;    // "ns/name"
  std::map<std::string, VolumePtr> volumes;  // name
  std::map<std::string, VolumeClass> classes;
  std::map<std::string, std::string> promised;  // volume -> uid of the claim it is on its way to

  ClaimPtr FindClaim(const std::string& key) const;
  VolumePtr FindVolume(const std::string& name) const;
  // Claims of this class are bound when their first pod has a node, not before.
  bool WaitsForPod(const Claim& claim) const;
};

// What is to be written so that a pod can run on a node. `volume` empty: the claim is told the node, and somebody makes
// a volume there.
struct VolumeChoice {
  ClaimPtr claim;
  std::string volume;
};

// For each of the claims a volume that `node` reaches, no volume twice, the smallest first; nullopt: there are not enough.
std::optional<std::vector<VolumeChoice>> ChooseVolumes(const std::vector<ClaimPtr>& claims, const NodeSpec& node,
                                                       const VolumeState& state);

// The pod's claims that are not bound and wait for it.
std::vector<ClaimPtr> WaitingClaims(const PodInfo& pod, const VolumeState& state);

}  // namespace scheduler
