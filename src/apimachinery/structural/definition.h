// A custom resource definition as the server works with it: its kinds, schemas, columns and subresources, read from the
// CustomResourceDefinition object. Immutable; whoever holds a pointer into it keeps the shared Definition alive.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apimachinery/structural/rules.h"
#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::structural {

struct PrinterColumn {
  std::string name, type, format, description, json_path;
  int priority = 0;
};

struct ScalePaths {
  std::string spec_replicas, status_replicas, label_selector;  // ".spec.replicas"; the last may be empty
};

struct Definition;

struct Version {
  const Definition* definition = nullptr;
  Kind kind;  // kind.custom is this
  std::string name, api_version;
  bool served = false, storage = false, deprecated = false;
  std::string warning;  // told with every answer of a deprecated version
  Schema schema;
  std::shared_ptr<const Rules> rules;  // nullptr: none
  Value open_api;       // the openAPIV3Schema as plain JSON, for OpenAPI documents; null when there is none
  bool has_status = false;
  std::optional<ScalePaths> scale;
  std::vector<PrinterColumn> columns;          // empty: the default ones
  std::vector<std::string> selectable_fields;  // "spec.color"
};

struct Definition : std::enable_shared_from_this<Definition> {
  std::string name, uid, group, plural, singular, kind, list_kind, storage_prefix;
  std::vector<std::string> short_names, categories;
  bool namespaced = false;
  bool webhook_conversion = false;  // other versions are had from a webhook
  Value conversion;  // spec.conversion
  std::vector<std::unique_ptr<Version>> versions;  // in the order of the object
  const Version* storage = nullptr;

  const Version* Find(absl::string_view version) const;
  // Of a stored object, by its apiVersion.
  const Version* FindApiVersion(absl::string_view api_version) const;

  Definition();
  ~Definition();
  Definition(const Definition&) = delete;
  Definition& operator=(const Definition&) = delete;
};
using DefinitionPtr = std::shared_ptr<const Definition>;

// `crd`: a typed tree of apiextensions.v1.CustomResourceDefinition. InvalidArgument: it cannot be served.
absl::StatusOr<DefinitionPtr> MakeDefinition(const Value& crd);

// What follows from reading or writing an object of a version, in place: metadata put into its form, undeclared members
// removed, nulls dropped, defaults filled in. Errors are the client's: they carry upstream's words without a prefix.
struct Shaped {
  std::vector<std::string> unknown;  // paths of what was removed
};
absl::StatusOr<Shaped> Shape(const Version& version, Value* object);
// The same for what lies in the store: what cannot be read of the metadata is dropped.
void ShapeStored(const Version& version, Value* object);
// `object` of version `from` as one of `to`, by the strategy None: another apiVersion, and what `to` does not declare gone.
void ConvertTo(const Version& to, Value* object);

}  // namespace apimachinery::structural
