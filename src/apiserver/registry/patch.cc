// patch: a change computed from the current object, then an update like any other.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/time.h"
#include "apimachinery/yaml.h"
#include "apiserver/defaults/defaults.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/registry/custom_body.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/strategy.h"
#include "apiserver/registry/subresources.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Value;
using apimachinery::patch::PatchType;

absl::Status NameUnknown(const std::string& name) {
  return BadRequest(
      absl::StrCat("the name of the object (", name, " based on URL) was undeterminable: name must be provided"));
}

// What upstream says of an applied object that fits the schema's shapes but not the type: it decodes by way of an
// untyped tree, which knows no paths.
absl::Status NotConverted(const apimachinery::Kind& kind, const Value& applied, const absl::Status& why) {
  std::string message = apimachinery::ApiStatus::From(why).message;
  constexpr absl::string_view kField = "Go struct field ", kOf = " of type ", kNumber = "json: cannot unmarshal number ";
  const size_t field = message.find(kField.data()), type = message.find(kOf.data());
  if (field != std::string::npos && type != std::string::npos) {
    const bool literal = absl::StartsWith(message, kNumber) && !absl::StartsWith(message, absl::StrCat(kNumber, "into"));
    message = literal ? absl::StrCat("cannot convert float64 to ", message.substr(type + kOf.size()))
                      : absl::StrCat(message.substr(0, field), "Go value", message.substr(type));
  } else if (absl::StartsWith(message, "illegal base64 data")) {
    message.insert(0, "error decoding from json: ");
  }
  const std::string kind_text = absl::StrCat(kind.group, "/", kind.version, ", Kind=", kind.kind);
  apimachinery::ApiStatus status;
  status.message = absl::StrCat("failed to convert new object (", applied.GetString("metadata.namespace"), "/",
                                applied.GetString("metadata.name"), "; ", kind_text,
                                ") to proper version: unable to convert unstructured object to ", kind_text, ": ", message);
  return status.ToStatus();
}

// Keys that stand twice in an applied configuration: a warning, or an error, as the request wants.
absl::Status TellRepeated(const std::vector<std::string>& repeated, pipeline::RequestContext& context) {
  if (repeated.empty() || context.options.field_validation == pipeline::FieldValidation::kIgnore) return absl::OkStatus();
  if (context.options.field_validation == pipeline::FieldValidation::kStrict) {
    return BadRequest(absl::StrCat("error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ",
                                   absl::StrJoin(repeated, "\n  ")));
  }
  for (const std::string& one : repeated) context.AddWarning(one);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Value> ApplyBody(pipeline::RequestContext& context, const apimachinery::Kind& kind, const Value* current,
                                const Body& body, absl::Time now) {
  const std::string& name = context.info.name;
  std::vector<std::string> repeated;
  absl::StatusOr<Value> applied = apimachinery::ParseYamlFast(body.bytes, &repeated);
  if (!applied.ok()) return BadRequest(absl::StrCat("error decoding YAML: ", applied.status().message()));
  if (!applied->is_object()) return BadRequest("apply patch must be an object");
  const std::string applied_name = applied->GetString("metadata.name"), api_version = applied->GetString("apiVersion");
  if (!applied_name.empty() && applied_name != name) {
    return BadRequest(absl::StrCat("the name of the object (", applied_name, ") does not match the name on the URL (", name,
                                   ")"));
  }
  if (api_version != kind.api_version) {
    return BadRequest(absl::StrCat("the API version in the data (", api_version,
                                   ") does not match the expected API version (", kind.api_version, ")"));
  }
  apimachinery::apply::Manager manager{context.options.field_manager, context.info.subresource,
                                       std::string(kind.api_version), apimachinery::FormatTime(now)};
  manager.reset_fields = ResetFields(kind, context.info.subresource);
  manager.convert = ConverterOf(kind);
  absl::StatusOr<Value> merged = apimachinery::apply::Apply(StructureOf(kind), current == nullptr ? Value() : *current,
                                                            *applied, manager, context.options.force);
  if (merged.ok()) RETURN_IF_ERROR(TellRepeated(repeated, context));
  if (kind.custom != nullptr) {
    if (!merged.ok()) return merged;
    if (applied_name.empty()) return NameUnknown(name);
    const std::string problem = OtherVersionsProblem(kind, current == nullptr ? Value() : *current, *merged);
    if (problem.empty()) return merged;
    apimachinery::ApiStatus failure;
    failure.message = absl::StrCat("failed to convert new object: ", problem);
    return failure.ToStatus();
  }
  // The configuration is judged as it stands; defaults are not the applier's. Its shape was judged first.
  const apimachinery::ApiStatus failure = merged.ok() ? apimachinery::ApiStatus() : apimachinery::ApiStatus::From(merged.status());
  const bool has_shape = merged.ok() || (failure.Is("BadRequest") && failure.message != apimachinery::apply::kManagersGiven);
  if (has_shape) {
    const absl::Status typed = DecodePlain(kind, *applied, {}, context).status();
    if (!typed.ok()) return NotConverted(kind, *applied, typed);
  }
  if (merged.ok() && applied_name.empty()) return NameUnknown(name);
  return merged;
}

absl::StatusOr<Answer> Registry::Patch(pipeline::RequestContext& context, PatchType type, const Body& body) {
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  if (context.audit != nullptr) context.audit->RequestPatch(body.bytes);
  if (type == PatchType::kApply && context.options.field_manager.empty()) {
    apimachinery::FieldErrors errors;
    errors.Required(apimachinery::FieldPath("fieldManager"), "is required for apply patch");
    return apimachinery::Invalid("meta.k8s.io", "PatchOptions", "", errors);
  }
  if (Subresources::HasOwnBody(context.info)) return Subresources(*this).Patch(context, *resource, type, body);
  const apimachinery::Kind& kind = *resource->kind;
  const std::string& name = context.info.name;
  UpdateMode mode;
  mode.subresource = context.info.subresource;
  mode.attempts = 5;
  mode.patches = true;
  if (type == PatchType::kApply) {
    mode.applies = true;
    mode.allow_create = mode.subresource.empty();
  }
  return UpdateObject(context, *resource, mode, [&](const Value* current) -> absl::StatusOr<Value> {
    Value object;
    if (type == PatchType::kApply) {
      ASSIGN_OR_RETURN(object, ApplyBody(context, kind, current, body, env_.clock->Now()));
      object.Set("kind", kind.kind);
      object.Set("apiVersion", kind.api_version);
    } else if (kind.custom != nullptr) {
      ASSIGN_OR_RETURN(object, PatchCustom(kind, type, *current, body.bytes, context));
    } else {
      ASSIGN_OR_RETURN(apimachinery::patch::Patched patched,
                       apimachinery::patch::PatchObject(type, kind.message, *current, body.bytes));
      ASSIGN_OR_RETURN(object, TakePatched(std::move(patched), context));
      object.Set("kind", kind.kind);
      object.Set("apiVersion", kind.api_version);
    }
    if (current != nullptr) {
      const std::string object_name = object.GetString("metadata.name");
      if (object_name.empty()) return NameUnknown(name);
      if (object_name != name) {
        return BadRequest(absl::StrCat("the name of the object (", object_name, ") does not match the name on the URL (",
                                       name, ")"));
      }
    }
    RETURN_IF_ERROR(MatchNamespace(*resource, context.info.ns, object));
    defaults::ApplyDefaults(kind, object);
    if (type == PatchType::kApply && kind.custom != nullptr && resource->converts()) {  // by way of the stored version
      RETURN_IF_ERROR(ConvertTree(kind, *resource->storage, object));
      RETURN_IF_ERROR(ConvertTree(*resource->storage, kind, object));
    }
    return object;
  });
}

}  // namespace apiserver::registry
