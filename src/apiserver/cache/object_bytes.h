// Reading and patching objects in their protobuf form, without decoding them. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"

namespace apiserver::cache {

// Field numbers of meta.v1.ObjectMeta, which is field 1 of every object.
enum class MetaField : uint32_t {
  kName = 1, kGenerateName = 2, kNamespace = 3, kSelfLink = 4, kUid = 5, kResourceVersion = 6, kLabels = 11, kAnnotations = 12,
};

// The object with metadata.resourceVersion set (the stored form has none). Malformed input comes back unchanged.
std::string WithResourceVersion(absl::string_view object, int64_t resource_version);
// As objects lie in the store: neither resourceVersion nor selfLink.
std::string WithoutResourceVersion(absl::string_view object);

absl::string_view MetadataBytes(absl::string_view object);  // the ObjectMeta message; empty when there is none
absl::string_view MetaString(absl::string_view object, MetaField field);  // "" when unset
// A label's value; a null view when the label is not there.
absl::string_view LabelValue(absl::string_view object, absl::string_view key);

// The text of a scalar at a dotted path ("spec.nodeName", "spec.unschedulable"): "" when unset, "true"/"false", decimal.
std::string FieldText(const apimachinery::Message& message, absl::string_view object, absl::string_view path);

// Appends a field of wire type 2.
size_t BytesFieldSize(uint32_t number, size_t content);  // what AppendBytesField appends for so many bytes
void AppendBytesField(uint32_t number, absl::string_view bytes, std::string* out);
void AppendVarintField(uint32_t number, uint64_t value, std::string* out);

}  // namespace apiserver::cache
