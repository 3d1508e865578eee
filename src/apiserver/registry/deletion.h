// What a deletion does to an object: gone at once, or marked and left to those who hold it. Pure; any thread.
//
// Two things hold an object: a grace period (pods alone have one) and finalizers. Whoever deletes may ask the garbage
// collector to orphan the dependents or to delete them first; that is a finalizer too.
#pragma once
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::registry {

struct DeletionPlan {
  bool store = false;   // `object` was changed and is to be stored
  bool remove = false;  // after that, it is to be removed
};

// Changes `object` as the first part of its deletion does. `options`: a checked meta.v1.DeleteOptions tree.
DeletionPlan PlanDeletion(const apimachinery::Kind& kind, const apimachinery::Value& options, absl::Time now,
                          apimachinery::Value& object);

// Conflict: the object is not the one that the options mean.
absl::Status CheckPreconditions(const apimachinery::Kind& kind, const apimachinery::Value& options,
                                const apimachinery::Value& object);

}  // namespace apiserver::registry
