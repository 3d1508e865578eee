// The arithmetic of rollouts: how many pods each ReplicaSet of a Deployment may have. Pure.
#pragma once
#include <string>
#include <vector>

#include "k8s/apps/v1/deployment.pb.h"
#include "k8s/apps/v1/replicaset.pb.h"

namespace controller_manager {

using k8s::apps::v1::Deployment;
using k8s::apps::v1::ReplicaSet;

inline constexpr char kRevision[] = "deployment.kubernetes.io/revision";
inline constexpr char kRevisionHistory[] = "deployment.kubernetes.io/revision-history";
inline constexpr char kDesiredReplicas[] = "deployment.kubernetes.io/desired-replicas";
inline constexpr char kMaxReplicas[] = "deployment.kubernetes.io/max-replicas";

bool IsRollingUpdate(const Deployment& d);
int MaxSurge(const Deployment& d);        // pods above spec.replicas; 0 unless rolling
int MaxUnavailable(const Deployment& d);  // pods missing; 0 unless rolling

int64_t RevisionOf(const k8s::meta::v1::ObjectMeta& metadata);  // 0 when unset
int SpecReplicas(const std::vector<const ReplicaSet*>& sets);
int ActualReplicas(const std::vector<const ReplicaSet*>& sets);
int AvailableReplicas(const std::vector<const ReplicaSet*>& sets);

// Size for the new ReplicaSet: as far up as surge permits.
int NewReplicaSetSize(const Deployment& d, const std::vector<const ReplicaSet*>& all, const ReplicaSet& fresh);

// All pods of the newest template are up, as the Deployment wants.
bool IsSaturated(const Deployment& d, const ReplicaSet* rs);
bool IsComplete(const Deployment& d, const k8s::apps::v1::DeploymentStatus& status);

// desired-replicas and max-replicas of `rs` agree with `d`; Set returns whether something changed.
bool SetReplicasAnnotations(ReplicaSet& rs, int desired, int max);
// Copies what a ReplicaSet shows of its Deployment (annotations but the bookkeeping ones) and raises its revision.
// Returns whether something changed. `exists`: the ReplicaSet is on the server already.
bool SetReplicaSetAnnotations(const Deployment& d, ReplicaSet& rs, int64_t revision, bool exists);

// The share of `to_add` (negative: to remove) pods that `rs` takes when a Deployment is scaled in mid-rollout.
int Proportion(const Deployment& d, const ReplicaSet& rs, int to_add, int added);

}  // namespace controller_manager
