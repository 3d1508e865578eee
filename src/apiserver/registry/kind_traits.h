// What upstream's strategies say about each kind, as data. Pure; any thread.
#pragma once
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/schema.h"

namespace apiserver::registry {

struct KindTraits {
  absl::string_view group, kind;
  uint32_t flags = 0;

  bool Has(uint32_t flag) const { return (flags & flag) != 0; }
};

enum KindFlag : uint32_t {
  kCreatesOnUpdate = 1u << 0,     // PUT of what does not exist creates it
  kNeedsVersion = 1u << 1,        // PUT without resourceVersion is refused
  kGenerationStarts = 1u << 2,    // metadata.generation is 1 on a new object
  kGenerationCounts = 1u << 3,    // ... and one more with every change of the spec
  kGenerationCountsLabels = 1u << 4,
  kGenerationCountsAnnotations = 1u << 13,
  kGenerationCountsEmpty = 1u << 14,  // a list or map set to an empty one is a change too
  kReturnsDeleted = 1u << 5,      // DELETE answers the object, not a Status
  kStatusOnCreate = 1u << 6,      // a new object keeps the status it was sent with
  kStatusWithSpec = 1u << 7,      // ... and a write of the object changes it too
  kStatusUnowned = 1u << 8,       // a write of the object owns no part of its status, nor a write of the status the spec
  kStatusKeepsMeta = 1u << 9,     // writing the status leaves labels, annotations, finalizers, owners alone ...
  kStatusKeepsAllMeta = 1u << 10, // ... or all metadata but managedFields
  kStatusKeepsLabels = 1u << 11,  // ... or the labels
  kStatusUnownedMeta = 1u << 12,  // ... and owns nothing of them

  kGeneration = kGenerationStarts | kGenerationCounts,
};

// The row of a kind; one without flags for a kind that has none.
const KindTraits& TraitsOf(const apimachinery::Kind& kind);

}  // namespace apiserver::registry
