// YAML text: what parses is written as YAML that parses to the same.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/yaml.h"

using namespace apimachinery;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  for (absl::string_view document : SplitYamlDocuments(text)) {
    absl::StatusOr<Value> value = ParseYaml(document);
    if (value.ok()) WriteYaml(*value);
  }
  return 0;
}
