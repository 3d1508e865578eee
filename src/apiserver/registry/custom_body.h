// Bodies and patches of custom resources: plain JSON, held to the schema of the version they are written in. What body.h
// is for built-in kinds. Pure; any thread.
#pragma once
#include "absl/status/statusor.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/request.h"
#include "apiserver/registry/body.h"

namespace apiserver::registry {

// REQUIRES: expected.custom. Pruned; defaults not applied.
absl::StatusOr<apimachinery::Value> DecodeCustomBody(const apimachinery::Kind& expected, const Body& body,
                                                     pipeline::RequestContext& context);

// What a JSON or merge patch makes of `current`.
absl::StatusOr<apimachinery::Value> PatchCustom(const apimachinery::Kind& kind, apimachinery::patch::PatchType type,
                                                const apimachinery::Value& current, absl::string_view patch,
                                                pipeline::RequestContext& context);

}  // namespace apiserver::registry
