#include "apiserver/apiextensions/openapi_series.h"

#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"

namespace apiserver::apiextensions {

void CountRegeneration(const apimachinery::structural::Definition& definition, absl::string_view reason) {
  static auto* const v2 = new base::CounterFamily("apiextensions_openapi_v2_regeneration_count",
                                                  "Changes of definitions that made the OpenAPI v2 document new.", {"crd", "reason"});
  static auto* const v3 = new base::CounterFamily("apiextensions_openapi_v3_regeneration_count",
                                                  "Changes of definitions that made OpenAPI v3 documents new.",
                                                  {"crd", "group", "reason", "version"});
  const std::string name = absl::StrCat(definition.plural, ".", definition.group);
  v2->With({name, reason}).Add();
  for (const auto& version : definition.versions) {
    if (version->served) v3->With({name, definition.group, reason, version->name}).Add();
  }
}

}  // namespace apiserver::apiextensions
