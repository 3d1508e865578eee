// metadata of custom resources and of resources embedded in them: plain JSON held to the form of ObjectMeta. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apimachinery/field_error.h"
#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::structural {

const Message& ObjectMetaMessage();

// Decodes and writes back `object`'s metadata: members that ObjectMeta does not have go (their paths, "metadata.odd", are
// appended to `unknown` if not nullptr). InvalidArgument in Go's words when it is not ObjectMeta at all; with `drop`
// members that do not fit go instead.
absl::Status CoerceMetadata(Value* object, bool drop, std::vector<std::string>* unknown);

// The same for all embedded resources below `object`, and that their apiVersion and kind are strings. The errors name the
// field: `spec.pod.apiVersion: Invalid value: 1: must be a string`.
absl::Status CoerceEmbedded(const Schema& schema, Value* object, bool drop, std::vector<std::string>* unknown);

// The same for any value that stands at `path`, itself included when its schema says that it is embedded.
std::optional<FieldError> CoerceEmbeddedAt(const Schema& schema, const FieldPath& path, Value* value, bool drop,
                                           std::vector<std::string>* unknown);

}  // namespace apimachinery::structural
