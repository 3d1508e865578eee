// The OpenAPI v2 document as a tree. Ten times the size of its text: do not keep it.
#pragma once
#include <vector>

#include "apimachinery/structural/definition.h"
#include "apimachinery/value.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::openapi {

// Of the resources of `catalog`; `custom` are the versions that its custom ones are made of.
apimachinery::Value DocumentV2(const discovery::Catalog& catalog, const std::vector<const apimachinery::structural::Version*>& custom);
// As gnostic's message.
std::string WriteV2Protobuf(const apimachinery::Value& document);
// Adds the paths of another document that `document` lacks, and the definitions they need: one that has the name of another
// but is not the same gets a name of its own, as upstream gives it.
void MergeV2(const apimachinery::Value& other, apimachinery::Value* document);

}  // namespace apiserver::openapi
