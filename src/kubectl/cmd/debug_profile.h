// What `kubectl debug --profile` changes of the pod that is made or changed. Pure.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Value;

enum class DebugStyle { kEphemeral, kCopy, kNode };

// What a copy keeps of its original.
struct KeepFlags {
  bool labels = false, annotations = false, liveness = false, readiness = false, startup = false,
       init_containers = true;
};

// `unknown profile: x`, or OK.
absl::Status CheckProfile(const std::string& profile);
// `container` is the debug container inside `pod` (or the ephemeral container alone).
void ApplyProfile(const std::string& profile, DebugStyle style, const KeepFlags& keep, Value* pod,
                  Value* container);

}  // namespace kubectl
