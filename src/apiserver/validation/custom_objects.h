// Custom resources: their metadata, their schema's constraints, their scale. Internal to validation.
#pragma once
#include <string>
#include <vector>

#include "apimachinery/structural/definition.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {

using apimachinery::structural::Version;

void CustomCreate(FieldErrors& e, const Version& version, const Value& object);
// `subresource`: "" or "status", which judges the status alone. Problems of what did not change are no problems.
// Those of rules are told in `tolerated` (may be nullptr).
void CustomUpdate(FieldErrors& e, const Version& version, const Value& object, const Value& old, absl::string_view subresource,
                  std::vector<std::string>* tolerated);
// What resources embedded in others have to hold to: apiVersion and kind, and metadata in its form.
void EmbeddedObjects(FieldErrors& e, const apimachinery::structural::Schema& schema, const apimachinery::FieldPath& path,
                     const Value& value);
std::vector<std::string> CustomWarnings(const Value& object, const Value* old);

}  // namespace apiserver::validation
