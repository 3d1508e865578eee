// The whole API schema, embedded: every .proto below proto/k8s with its options, and the comments apart.
// Both are constants of the binary; parse once and keep. Thread-safe.
#pragma once
#include "absl/strings/string_view.h"

namespace k8s_schema {

// A serialized google.protobuf.FileDescriptorSet, imports before importers, skiff/schema.proto and descriptor.proto
// included, without source info. With skiff/schema.pb.h linked, options parse as extensions.
absl::string_view DescriptorSet();

// Sorted lines "k8s.core.v1.PodSpec.containers<TAB>comment": messages by full name, fields by JSON name.
absl::string_view Docs();

}  // namespace k8s_schema
