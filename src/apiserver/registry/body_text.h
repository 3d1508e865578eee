// How a body is refused, in upstream's words; shared by built-in and custom kinds. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::registry {

absl::Status Unrecognized(const apimachinery::Kind& expected, absl::string_view error, absl::string_view bytes);
// The text does not parse.
absl::Status UnrecognizedText(const apimachinery::Kind& expected, bool yaml, absl::string_view problem,
                              absl::string_view bytes);
absl::Status CannotHandle(absl::string_view kind, absl::string_view version, const apimachinery::Kind& expected,
                          absl::string_view error);
// Why something is no object that says, if anything, properly what it is: its kind and apiVersion are strings, the latter
// with one slash at most. Empty: it does.
std::string TypeMembersProblem(const apimachinery::Value& parsed);
absl::Status CheckTypeMembers(const apimachinery::Kind& expected, const apimachinery::Value& parsed, absl::string_view bytes);
// Unknown and duplicate fields: warnings, or an error, as the request wants.
absl::Status TellStrictErrors(const apimachinery::Kind& kind, const std::vector<std::string>& errors,
                              pipeline::RequestContext& context);

}  // namespace apiserver::registry
