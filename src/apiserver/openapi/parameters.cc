#include "apiserver/openapi/parameters.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/schema.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Field;
using apimachinery::FieldType;
using apimachinery::Schema;

absl::string_view QueryType(FieldType type) {
  switch (type) {
    case FieldType::kBool: return "boolean";
    case FieldType::kInt32:
    case FieldType::kInt64: return "integer";
    default: return "string";
  }
}

// Members of a message as query parameters; only those in `names` unless that is empty.
std::vector<Parameter> FromMessage(absl::string_view message_name, const std::vector<absl::string_view>& names) {
  std::vector<Parameter> parameters;
  const apimachinery::Message* message = Schema::Builtin().FindMessage(message_name);
  if (message == nullptr) return parameters;
  for (const Field* field : message->flat) {
    if (field->type_meta || field->type == FieldType::kMessage) continue;
    if (!names.empty() && std::find(names.begin(), names.end(), field->json) == names.end()) continue;
    parameters.push_back({std::string(field->json), false, std::string(QueryType(field->type)),
                          Schema::Builtin().Doc(*message, *field), std::string(message->go_name)});
  }
  return parameters;
}

void Append(std::vector<Parameter>* to, std::vector<Parameter> more) {
  to->insert(to->end(), more.begin(), more.end());
}

}  // namespace

Parameter NameParameter(absl::string_view kind) {
  return {"name", true, "string", absl::StrCat("name of the ", kind), ""};
}
Parameter NamespaceParameter() {
  return {"namespace", true, "string", "namespace the object lives in, which also scopes authorization", ""};
}
Parameter ProxyPathParameter() { return {"path", true, "string", "path to the resource", ""}; }
Parameter PrettyParameter() {
  return {"pretty", false, "string", "'true' indents the answer; browsers, curl and wget get it indented anyway",
          ""};
}

std::vector<Parameter> ListParameters() {
  return FromMessage("meta.v1.ListOptions",
                     {"allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
                      "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"});
}

std::vector<Parameter> WriteParameters() {
  return FromMessage("meta.v1.CreateOptions", {"dryRun", "fieldManager", "fieldValidation"});
}

std::vector<Parameter> PatchParameters() {
  return FromMessage("meta.v1.PatchOptions", {"dryRun", "fieldManager", "fieldValidation", "force"});
}

std::vector<Parameter> DeleteParameters() {
  return FromMessage("meta.v1.DeleteOptions",
                     {"dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential",
                      "orphanDependents", "propagationPolicy"});
}

std::vector<Parameter> DeleteCollectionParameters() {
  std::vector<Parameter> parameters = DeleteParameters();
  Append(&parameters, FromMessage("meta.v1.ListOptions",
                                  {"continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
                                   "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds"}));
  return parameters;
}

std::vector<Parameter> OptionsParameters(absl::string_view kind) {
  return FromMessage(absl::StrCat("core.v1.", kind), {});
}

}  // namespace apiserver::openapi
