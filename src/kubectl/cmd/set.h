// What the files of kubectl set share.
#pragma once
#include "kubectl/cli/command.h"
#include "kubectl/cmd/common.h"
#include "kubectl/rest/factory.h"
#include "kubectl/rest/resources.h"

namespace kubectl {

// The pod spec of a pod or inside a workload; nullptr when the object has none.
Value* PodSpecOf(Value* object);
// Sends what differs between `info` and `changed`, as the patch its kind takes; answers the stored object.
absl::StatusOr<Value> SaveChange(RestClient& client, const Info& info, const Value& changed, const std::string& query);
absl::Status NeedResources();  // neither an argument nor a file names one
// What is said of an object without a pod spec.
absl::Status NoPodTemplate(const Info& info, bool local);
// As the API's types print it: structs that are empty stand there too. Kinds without schema stay as they are.
Value Typed(Value object);
void AddSetObjects(Factory& factory, Command* group);  // selector, serviceaccount, subject

}  // namespace kubectl
