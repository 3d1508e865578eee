// Quantities, times and durations: canonical text is a fixed point.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/quantity.h"
#include "apimachinery/time.h"

using namespace apimachinery;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<Quantity> quantity = Quantity::Parse(text);
  absl::StatusOr<std::string> canonical = CanonicalQuantity(text);
  if (quantity.ok() != canonical.ok()) abort();
  if (quantity.ok()) {
    quantity->Add(*quantity);
    quantity->Value();
    quantity->MilliValue();
    quantity->AsDouble();
    if (!CanonicalQuantity(*canonical).ok()) abort();
  }
  if (absl::StatusOr<absl::Time> time = ParseTime(text); time.ok()) apimachinery::FormatTime(*time);
  if (absl::StatusOr<int64_t> duration = apimachinery::ParseDuration(text); duration.ok()) {
    absl::StatusOr<int64_t> again = apimachinery::ParseDuration(apimachinery::FormatDuration(*duration));
    if (!again.ok() || *again != *duration) abort();
  }
  return 0;
}
