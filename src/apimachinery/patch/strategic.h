// What applying and creating strategic merge patches share. Used within patch/ alone.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::patch {

inline constexpr absl::string_view kDirective = "$patch";
inline constexpr absl::string_view kRetainKeys = "$retainKeys";
inline constexpr absl::string_view kSetElementOrder = "$setElementOrder/";
inline constexpr absl::string_view kDeleteFromPrimitiveList = "$deleteFromPrimitiveList/";

// Where a walk stands in the types: at a struct, or below one at something else (a map's or list's element).
struct TypePlace {
  const Message* message = nullptr;  // of a struct; nullptr when the values here are no structs
  absl::string_view go_kind = "map";  // what it is instead, for messages
};

struct PatchMember {
  TypePlace type;  // of the member itself (maps) or of its elements (lists)
  bool merge = false, replace = false, retain_keys = false;
  absl::string_view merge_key;
};

// Metadata of the member `key`. Internal: "unable to find api field in struct PodSpec for the json field "x"".
absl::StatusOr<PatchMember> LookupMember(const TypePlace& type, absl::string_view key, bool list);

// Merges a patch into an object, or (parallel_lists false) a patch into another patch.
struct MergeOptions {
  bool parallel_lists = true;          // carry out list directives instead of keeping them
  bool ignore_unmatched_nulls = true;  // a null for an absent member is dropped, not kept
};
absl::Status MergeObjects(const TypePlace& type, const MergeOptions& options, Value* original, Value* patch);

// Sorts `items` by their places in `order`, stably; elements to be deleted go last.
absl::Status SortByOrder(absl::string_view merge_key, const Array& order, Array* items);

absl::Status NoMergeKey(const Value& element, absl::string_view key);
// -1 when no element has that value of the key.
int FindByKey(const Array& items, absl::string_view key, const Value& value);
// What the elements are: Internal when they are not alike, or lists themselves. *objects tells whether objects.
absl::Status CheckElements(const Array& a, const Array& b, bool* objects);

}  // namespace apimachinery::patch
