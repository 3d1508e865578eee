// The status of CustomResourceDefinitions: names, conditions, the finalizer that holds them until their instances are
// gone. Pure; upstream's words (apiextensions-apiserver's controllers).
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"

namespace apiserver::apiextensions {

inline constexpr char kCleanupFinalizer[] = "customresourcecleanup.apiextensions.k8s.io";

bool ConditionIsTrue(const apimachinery::Value& crd, absl::string_view type);

// Sets a condition; its time only when its status changes. Whether anything changed.
bool SetCondition(apimachinery::Value& crd, absl::string_view type, bool status, absl::string_view reason,
                  absl::string_view message, absl::Time now);

// Gives `crd` the names that nobody else in its group has (`all`: the definitions of the cluster, itself among them), says
// so in NamesAccepted, and establishes it once all are accepted. Whether its status changed.
bool AcceptNames(absl::Span<const apimachinery::Value* const> all, apimachinery::Value& crd, absl::Time now);

// Says of a definition in one of Kubernetes' own groups whether its annotation shows that it may be there:
// KubernetesAPIApprovalPolicyConformant. Whether its status changed.
bool JudgeApproval(apimachinery::Value& crd, absl::Time now);

// What a request to delete a definition makes of it: marked, held by the finalizer.
void MarkForDeletion(apimachinery::Value& crd, absl::Time now);
bool HasCleanupFinalizer(const apimachinery::Value& crd);
void DropCleanupFinalizer(apimachinery::Value& crd);

}  // namespace apiserver::apiextensions
