// What the files of kubectl set share.
#pragma once
#include "kubectl/cli/command.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

// The pod spec of a pod or inside a workload; nullptr when the object has none.
Value* PodSpecOf(Value* object);
void AddSetObjects(Factory& factory, Command* group);  // selector, serviceaccount, subject

}  // namespace kubectl
