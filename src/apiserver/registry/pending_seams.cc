// Plain versions of what other rooms bring: each gives way to the real one at link time.
#include "apimachinery/api_error.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/patch/patch.h"

namespace apimachinery::apply {

__attribute__((weak)) absl::StatusOr<Value> TrackUpdate(const Message*, const Value&, Value updated, const Manager&) {
  return updated;
}
__attribute__((weak)) absl::StatusOr<Value> Apply(const Message*, const Value& live, const Value& applied,
                                                  const Manager&, bool) {
  Value merged = live;
  patch::ApplyMergePatch(&merged, applied);
  return merged;
}
__attribute__((weak)) bool EqualIgnoringManagedFieldTimes(const Value& a, const Value& b) { return a == b; }

}  // namespace apimachinery::apply
