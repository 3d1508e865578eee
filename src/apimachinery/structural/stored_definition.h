// The form in which CustomResourceDefinitions lie in the store: apiextensions.k8s.io/v1beta1 as JSON, as upstream's servers
// write it, so that either may read what the other left. Pure.
//
// What all versions have alike (schema, subresources, printer columns, selectable fields) stands once, in the spec; `version`
// repeats the first version's name; printer columns say JSONPath; the webhook of a conversion is spread over `conversion`.
#pragma once
#include "apimachinery/value.h"

namespace apimachinery::structural {

// From the v1 form, members in its order, to the stored one, members in upstream's.
void DefinitionToStored(Value* definition);
// From the stored form to v1. Members that are already as in v1 stay.
void DefinitionFromStored(Value* definition);

}  // namespace apimachinery::structural
