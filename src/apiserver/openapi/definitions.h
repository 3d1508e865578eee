// Type definitions of OpenAPI documents, from the schema's messages. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::openapi {

// The two document forms write references, quantities and lone references differently.
enum class Form { kV2, kV3 };

// {"$ref": ...} to a definition by its full name.
apimachinery::Value Ref(Form form, absl::string_view definition);

// The definition of a message: {"description", "type", "properties", ...}.
apimachinery::Value Definition(Form form, const apimachinery::Message& message);
// That of DeleteOptions as it stands in a document of custom resources, which names fewer groups.
apimachinery::Value DeleteOptionsOfCustom(apimachinery::Value definition);
// The answer of /version, which is no message of the schema.
apimachinery::Value VersionInfoDefinition(Form form);

// Messages that properties of `message` refer to.
std::vector<const apimachinery::Message*> ReferredMessages(const apimachinery::Message& message);

}  // namespace apiserver::openapi
