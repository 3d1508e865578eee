// Label and field selectors: what parses prints to what parses to the same text.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/fields.h"
#include "apimachinery/labels.h"

using namespace apimachinery;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<LabelSelector> labels = LabelSelector::Parse(text);
  if (labels.ok()) {
    absl::StatusOr<LabelSelector> again = LabelSelector::Parse(labels->ToString());
    if (!again.ok() || again->ToString() != labels->ToString()) abort();
    labels->Matches(Object{});
  }
  absl::StatusOr<FieldSelector> fields = FieldSelector::Parse(text);
  if (fields.ok()) fields->Matches([](absl::string_view field) { return std::string(field); });
  return 0;
}
