#include "apimachinery/structural/definition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/codec.h"
#include "apimachinery/structural/object_meta.h"
#include "apimachinery/structural/shape.h"
#include "apimachinery/structural/versions.h"
#include "base/status_macros.h"

namespace apimachinery::structural {
namespace {

std::vector<std::string> Strings(const Value& parent, absl::string_view path) {
  std::vector<std::string> out;
  for (const Value& item : parent.GetArray(path)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

const Message* PropsMessage() {
  static const Message* const message = apimachinery::Schema::Builtin().FindMessage("apiextensions.v1.JSONSchemaProps");
  return message;
}

void SetKind(const Definition& definition, Version* version) {
  static const Message* const metadata_only = apimachinery::Schema::Builtin().FindMessage("meta.v1.PartialObjectMetadata");
  Kind& kind = version->kind;
  kind.group = definition.group;
  kind.version = version->name;
  kind.kind = definition.kind;
  kind.plural = definition.plural;
  kind.singular = definition.singular;
  kind.short_names.assign(definition.short_names.begin(), definition.short_names.end());
  kind.categories.assign(definition.categories.begin(), definition.categories.end());
  kind.verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  if (version->has_status) kind.subresources.push_back("status");
  if (version->scale) kind.subresources.push_back("scale");
  kind.list_kind = definition.list_kind;
  kind.namespaced = definition.namespaced;
  kind.role = Role::kResource;
  kind.storage_prefix = definition.storage_prefix;
  kind.stored_json = true;
  kind.api_version = version->api_version;
  kind.message = metadata_only;
  kind.custom = version;
}

std::string DeprecationWarning(const Definition& definition, const Version& deprecated) {
  std::string text = absl::StrCat(deprecated.api_version, " ", definition.kind, " is deprecated");
  const Version* best = nullptr;
  for (const auto& version : definition.versions) {
    if (!version->served || version->deprecated || CompareVersions(deprecated.name, version->name) >= 0) continue;
    if (best == nullptr || CompareVersions(best->name, version->name) < 0) best = version.get();
  }
  if (best != nullptr) absl::StrAppend(&text, "; use ", best->api_version, " ", definition.kind);
  return text;
}

absl::StatusOr<std::unique_ptr<Version>> MakeVersion(const Definition& definition, const Value& spec) {
  auto version = std::make_unique<Version>();
  version->definition = &definition;
  version->name = spec.GetString("name");
  version->api_version = absl::StrCat(definition.group, "/", version->name);
  version->served = spec.GetBool("served");
  version->storage = spec.GetBool("storage");
  version->deprecated = spec.GetBool("deprecated");
  version->warning = spec.GetString("deprecationWarning");
  if (const Value* props = spec.At("schema.openAPIV3Schema"); props != nullptr) {
    ASSIGN_OR_RETURN(version->schema, Parse(*props));
    version->open_api = ToPlain(*PropsMessage(), *props);
    version->rules = Rules::Compile(version->open_api, version->schema);
  }
  version->has_status = spec.At("subresources.status") != nullptr;
  if (const Value* scale = spec.At("subresources.scale"); scale != nullptr) {
    version->scale = ScalePaths{scale->GetString("specReplicasPath"), scale->GetString("statusReplicasPath"),
                                scale->GetString("labelSelectorPath")};
  }
  for (const Value& column : spec.GetArray("additionalPrinterColumns")) {
    version->columns.push_back({column.GetString("name"), column.GetString("type"), column.GetString("format"),
                                column.GetString("description"), column.GetString("jsonPath"),
                                static_cast<int>(column.GetInt("priority"))});
  }
  for (const Value& field : spec.GetArray("selectableFields")) {
    const std::string path = field.GetString("jsonPath");
    version->selectable_fields.emplace_back(absl::StripPrefix(path, "."));
  }
  return version;
}

}  // namespace

Definition::Definition() = default;
Definition::~Definition() = default;

const Version* Definition::Find(absl::string_view version) const {
  for (const auto& one : versions) {
    if (one->name == version) return one.get();
  }
  return nullptr;
}

const Version* Definition::FindApiVersion(absl::string_view api_version) const {
  for (const auto& one : versions) {
    if (one->api_version == api_version) return one.get();
  }
  return nullptr;
}

absl::StatusOr<DefinitionPtr> MakeDefinition(const Value& crd) {
  auto definition = std::make_shared<Definition>();
  Definition& d = *definition;
  d.name = crd.GetString("metadata.name");
  d.uid = crd.GetString("metadata.uid");
  d.group = crd.GetString("spec.group");
  d.plural = crd.GetString("spec.names.plural");
  d.storage_prefix = absl::StrCat(d.group, "/", d.plural);
  d.namespaced = crd.GetString("spec.scope") == "Namespaced";
  // What clients see are the names that were accepted.
  d.singular = crd.GetString("status.acceptedNames.singular");
  d.kind = crd.GetString("status.acceptedNames.kind");
  d.list_kind = crd.GetString("status.acceptedNames.listKind");
  d.short_names = Strings(crd, "status.acceptedNames.shortNames");
  d.categories = Strings(crd, "status.acceptedNames.categories");
  if (const Value* conversion = crd.At("spec.conversion")) d.conversion = *conversion;
  d.webhook_conversion = d.conversion.GetString("strategy") == "Webhook";
  for (const Value& spec : crd.GetArray("spec.versions")) {
    ASSIGN_OR_RETURN(std::unique_ptr<Version> version, MakeVersion(d, spec));
    d.versions.push_back(std::move(version));
  }
  for (const auto& version : d.versions) {
    SetKind(d, version.get());
    if (version->deprecated && version->warning.empty()) version->warning = DeprecationWarning(d, *version);
    if (!version->deprecated) version->warning.clear();
    if (version->storage) d.storage = version.get();
  }
  if (d.storage == nullptr) return absl::InvalidArgumentError("no version is stored");
  return definition;
}

absl::StatusOr<Shaped> Shape(const Version& version, Value* object) {
  Shaped shaped;
  RETURN_IF_ERROR(CoerceMetadata(object, /*drop=*/false, &shaped.unknown));
  std::vector<std::string> pruned;
  Prune(version.schema, /*root=*/true, object, &pruned);
  shaped.unknown.insert(shaped.unknown.end(), pruned.begin(), pruned.end());
  DropNulls(version.schema, object);
  RETURN_IF_ERROR(CoerceEmbedded(version.schema, object, /*drop=*/false, &shaped.unknown));
  return shaped;
}

void ShapeStored(const Version& version, Value* object) {
  CoerceMetadata(object, /*drop=*/true, nullptr).IgnoreError();
  Prune(version.schema, /*root=*/true, object, nullptr);
  DropNulls(version.schema, object);
  CoerceEmbedded(version.schema, object, /*drop=*/true, nullptr).IgnoreError();
  if (object->GetInt("metadata.generation") == 0) object->Ensure("metadata").Set("generation", int64_t{1});  // very old ones
  ApplyDefaults(version.schema, object);
}

void ConvertTo(const Version& to, Value* object) {
  object->Set("apiVersion", to.api_version);
  Prune(to.schema, /*root=*/true, object, nullptr);
}

}  // namespace apimachinery::structural
