// What the server tells about a valid object in Warning headers.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::warnings {

// `object` is as it will be stored; `old` is what it replaces, nullptr on create. Pure; any thread.
std::vector<std::string> Of(const apimachinery::Kind& kind, absl::string_view subresource,
                            const apimachinery::Value& object, const apimachinery::Value* old);

}  // namespace apiserver::warnings
