// DeleteOptions of a request: from its body, else from its parameters. Pure; any thread.
#pragma once
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/request_info.h"
#include "apiserver/registry/body.h"

namespace apiserver::registry {

// The parameters of a deletion as a meta.v1.DeleteOptions tree. Preconditions are `uid` and `resourceVersion`.
absl::StatusOr<apimachinery::Value> DeleteOptionsFromQuery(const pipeline::Query& query);

// A body; an empty one gives an empty object. Any group and version has DeleteOptions. Unknown fields are ignored.
absl::StatusOr<apimachinery::Value> DecodeDeleteOptions(const Body& body);

// Invalid: options that exclude each other or have values that are none.
absl::Status CheckDeleteOptions(const apimachinery::Value& options);

bool IsDryRun(const apimachinery::Value& options);

}  // namespace apiserver::registry
