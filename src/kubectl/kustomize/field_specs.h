// Paths into objects by kind, the way kustomize's transformers name the fields they change. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kubectl/kustomize/resource.h"

namespace kubectl::kustomize {

struct FieldSpec {
  std::string path;  // "spec/template/metadata/labels"; "\/" is a slash inside a name; lists are walked through
  bool create = false;
  std::string kind, group, version;  // empty: any

  bool Selects(const ResourceId& id) const {
    return (kind.empty() || kind == id.kind) && (group.empty() || group == id.group) &&
           (version.empty() || version == id.version);
  }
};
using FieldSpecs = std::vector<FieldSpec>;

// Calls `change` with the value at each place of the path, made on the way (as null) where `create` says so.
absl::Status VisitField(Value* object, const std::string& path, bool create,
                        absl::FunctionRef<absl::Status(Value*)> change);
// As VisitField for each spec that selects the object.
absl::Status VisitFields(Value* object, const ResourceId& id, const FieldSpecs& specs,
                         absl::FunctionRef<absl::Status(Value*)> change);

const FieldSpecs& MetadataLabels();       // metadata.labels alone
const FieldSpecs& TemplateLabels();       // and those of pod templates
const FieldSpecs& CommonLabels();         // and selectors
const FieldSpecs& CommonAnnotations();
const FieldSpecs& ReplicaFields();
const FieldSpecs& NamespaceFields();

}  // namespace kubectl::kustomize
