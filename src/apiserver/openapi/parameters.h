// Query and path parameters of API operations. Pure.
#pragma once
#include <vector>

#include "absl/strings/string_view.h"
#include "apiserver/openapi/routes.h"

namespace apiserver::openapi {

Parameter NameParameter(absl::string_view kind);  // the object's name, in the path
Parameter NamespaceParameter();
Parameter ProxyPathParameter();
Parameter PrettyParameter();

std::vector<Parameter> ListParameters();
std::vector<Parameter> WriteParameters();             // dryRun, fieldManager, fieldValidation
std::vector<Parameter> PatchParameters();             // those and force
std::vector<Parameter> DeleteParameters();
std::vector<Parameter> DeleteCollectionParameters();
// The members of an options kind of core/v1: "PodLogOptions".
std::vector<Parameter> OptionsParameters(absl::string_view kind);

}  // namespace apiserver::openapi
