// What custom resources add to OpenAPI documents: the definitions of their kinds, from their schemas. Pure.
#pragma once
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/value.h"
#include "apiserver/openapi/definitions.h"

namespace apiserver::openapi {

// "stable.example.com", "v1", "CronTab" → "com.example.stable.v1.CronTab".
std::string CustomDefinitionName(absl::string_view group, absl::string_view version, absl::string_view kind);

using CustomDefinitions = std::map<std::string, apimachinery::Value>;
// The kind and its list, by name.
void AddCustomDefinitions(Form form, const apimachinery::structural::Version& version, CustomDefinitions* definitions);

}  // namespace apiserver::openapi
