// What the strategies of single kinds do to new and changed objects: members that say the same twice, that follow from
// others, that nobody may set. Pure.
#pragma once
#include <string>
#include <vector>

#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::registry {

// `old` is nullptr on create. Before validation, after field ownership has been noted.
void PrepareKind(const apimachinery::Kind& kind, apimachinery::Value& object, const apimachinery::Value* old);

// The same for new pods: label keys become part of selectors, AppArmor annotations members (pod_fields.cc). Returns what
// to tell the client.
std::vector<std::string> PrepareNewPod(apimachinery::Value& pod);

}  // namespace apiserver::registry
