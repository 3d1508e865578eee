#include "apimachinery/structural/stored_definition.h"

namespace apimachinery::structural {
namespace {

constexpr absl::string_view kStored = "apiextensions.k8s.io/v1beta1", kServed = "apiextensions.k8s.io/v1";

// A member of each version that moves to the spec, under its name there.
struct Hoisted {
  absl::string_view of_version, of_spec;
};
constexpr Hoisted kHoisted[] = {{"schema", "validation"},
                                {"subresources", "subresources"},
                                {"additionalPrinterColumns", "additionalPrinterColumns"},
                                {"selectableFields", "selectableFields"}};

// Members of the stored spec in the order they are written.
constexpr absl::string_view kSpecOrder[] = {"group",        "version",  "names",
                                            "scope",        "validation", "subresources",
                                            "versions",     "additionalPrinterColumns", "selectableFields",
                                            "conversion",   "preserveUnknownFields"};

void RenameKeys(Value* columns, absl::string_view from, absl::string_view to) {
  if (columns == nullptr || !columns->is_array()) return;
  for (Value& column : columns->array()) {
    if (!column.is_object()) continue;
    for (Member& member : column.object()) {
      if (member.key == from) member.key = std::string(to);
    }
  }
}

bool Alike(const Array& versions, absl::string_view member) {
  const Value* first = versions.front().Find(member);
  for (const Value& version : versions) {
    const Value* other = version.Find(member);
    if ((first == nullptr) != (other == nullptr) || (first != nullptr && !(*first == *other))) return false;
  }
  return true;
}

void Move(Value* from, absl::string_view member, Value* to, absl::string_view as) {
  Value* value = from->Find(member);
  if (value == nullptr) return;
  to->Set(as, std::move(*value));
  from->Erase(member);
}

void FlattenConversion(Value* conversion) {
  if (conversion == nullptr || !conversion->is_object()) return;
  Value* webhook = conversion->Find("webhook");
  if (webhook == nullptr) return;
  Value taken = std::move(*webhook);
  conversion->Erase("webhook");
  if (!taken.is_object()) return;
  Move(&taken, "clientConfig", conversion, "webhookClientConfig");
  Move(&taken, "conversionReviewVersions", conversion, "conversionReviewVersions");
}

void NestConversion(Value* conversion) {
  if (conversion == nullptr || !conversion->is_object()) return;
  if (!conversion->Has("webhookClientConfig") && !conversion->Has("conversionReviewVersions")) return;
  Value webhook = Value::MakeObject();
  Move(conversion, "webhookClientConfig", &webhook, "clientConfig");
  Move(conversion, "conversionReviewVersions", &webhook, "conversionReviewVersions");
  conversion->Set("webhook", std::move(webhook));
}

}  // namespace

void DefinitionToStored(Value* definition) {
  definition->Set("apiVersion", kStored);
  Value* spec = definition->Find("spec");
  if (spec == nullptr || !spec->is_object()) return;
  Value* versions = spec->Find("versions");
  if (versions != nullptr && versions->is_array() && !versions->empty()) {
    for (Value& version : versions->array()) {
      if (version.is_object()) RenameKeys(version.Find("additionalPrinterColumns"), "jsonPath", "JSONPath");
    }
    const Value name = versions->array().front().GetString("name");
    Value moved = Value::MakeObject();
    for (const Hoisted& h : kHoisted) {
      if (!Alike(versions->array(), h.of_version)) continue;
      if (const Value* value = versions->array().front().Find(h.of_version); value != nullptr) moved.Set(h.of_spec, *value);
      for (Value& version : versions->array()) version.Erase(h.of_version);
    }
    spec->Set("version", name);
    for (Member& member : moved.object()) spec->Set(member.key, std::move(member.value));
  }
  FlattenConversion(spec->Find("conversion"));
  if (!spec->Has("preserveUnknownFields")) spec->Set("preserveUnknownFields", false);
  Value ordered = Value::MakeObject();
  for (absl::string_view key : kSpecOrder) Move(spec, key, &ordered, key);
  for (Member& rest : spec->object()) ordered.Set(rest.key, std::move(rest.value));
  *spec = std::move(ordered);
}

void DefinitionFromStored(Value* definition) {
  definition->Set("apiVersion", kServed);
  Value* spec = definition->Find("spec");
  if (spec == nullptr || !spec->is_object()) return;
  const std::string name = spec->GetString("version");
  if (!spec->Has("versions") && !name.empty()) {
    Value version = Value::MakeObject();
    version.Set("name", name);
    version.Set("served", true);
    version.Set("storage", true);
    spec->Set("versions", Array{version});
  }
  spec->Erase("version");
  for (const Hoisted& h : kHoisted) {
    const Value* shared = spec->Find(h.of_spec);
    if (shared == nullptr) continue;
    const Value value = *shared;
    spec->Erase(h.of_spec);
    Value* versions = spec->Find("versions");
    if (versions == nullptr || !versions->is_array()) continue;
    for (Value& version : versions->array()) {
      if (version.is_object() && !version.Has(h.of_version)) version.Set(h.of_version, value);
    }
  }
  if (Value* versions = spec->Find("versions"); versions != nullptr && versions->is_array()) {
    for (Value& version : versions->array()) {
      if (version.is_object()) RenameKeys(version.Find("additionalPrinterColumns"), "JSONPath", "jsonPath");
    }
  }
  NestConversion(spec->Find("conversion"));
  const Value* preserve = spec->Find("preserveUnknownFields");
  if (preserve != nullptr && preserve->is_bool() && !preserve->as_bool()) spec->Erase("preserveUnknownFields");
}

}  // namespace apimachinery::structural
