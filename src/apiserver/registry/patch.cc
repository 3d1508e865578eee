// patch: a change computed from the current object, then an update like any other.
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/time.h"
#include "apimachinery/yaml.h"
#include "apiserver/defaults/defaults.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/registry/body_text.h"
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
  const std::string message = apimachinery::ApiStatus::From(why).message;
  const std::string kind_text = absl::StrCat(kind.group, "/", kind.version, ", Kind=", kind.kind);
  apimachinery::ApiStatus status;
  status.message = absl::StrCat("failed to convert new object (", applied.GetString("metadata.namespace"), "/",
                                applied.GetString("metadata.name"), "; ", kind_text,
                                ") to proper version: unable to convert unstructured object to ", kind_text, ": ", message);
  return status.ToStatus();
}

// The outcome of a patch that took the apiVersion away: upstream knows none of its members then.
apimachinery::patch::Patched WithoutVersion(const Value& outcome, absl::string_view text) {
  apimachinery::patch::Patched patched;
  patched.shown = std::string(text);
  for (const apimachinery::Member& member : outcome.object()) {
    if (member.key == "kind" || member.key == "apiVersion") continue;
    patched.strict_errors.push_back(absl::StrCat("unknown field ", apimachinery::GoQuote(member.key)));
  }
  return patched;
}

// "apps/v1, Kind=Deployment", "/v1, Kind=Pod"; nothing is known when there are too many slashes.
std::string GroupVersionKindText(absl::string_view api_version, absl::string_view kind) {
  const size_t slash = api_version.find('/');
  if (slash == absl::string_view::npos) return absl::StrCat("/", api_version, ", Kind=", kind);
  if (api_version.find('/', slash + 1) != absl::string_view::npos) return "/, Kind=";
  return absl::StrCat(api_version, ", Kind=", kind);
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
  if (applied->is_null()) applied = Value::MakeObject();
  if (!applied->is_object()) {
    const absl::string_view word = applied->is_array() ? "array" : applied->is_string() ? "string" : applied->is_bool() ? "bool" : "number";
    return BadRequest(absl::StrCat("error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ", word,
                                   " into Go value of type map[string]interface {}"));
  }
  const std::string applied_kind = applied->GetString("kind"), api_version = applied->GetString("apiVersion");
  if (api_version != kind.api_version || applied_kind != kind.kind) {
    return BadRequest(absl::StrCat("invalid object type: ", GroupVersionKindText(api_version, applied_kind)));
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
    apimachinery::DecodeOptions options;
    options.strict = false;  // what the type does not declare was found before
    options.converting = true;
    const absl::Status typed = apimachinery::DecodeTree(*kind.message, *applied, options).status();
    if (!typed.ok()) return NotConverted(kind, *applied, typed);
  }
  if (merged.ok() && current == nullptr) {
    if (const std::string uid = merged->GetString("metadata.uid"); !uid.empty()) {
      return apimachinery::Conflict(kind.group, kind.plural, name,
                                    absl::StrCat("uid mismatch: the provided object specified uid ", uid,
                                                 ", and no existing object was found"));
    }
  }
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
      std::optional<apimachinery::patch::Patched> unread;
      const auto judge = [&kind, &unread](const Value& outcome, absl::string_view text) {
        const std::string api_version = outcome.GetString("apiVersion"), its_kind = outcome.GetString("kind");
        const std::string problem = TypeMembersProblem(outcome);
        if (!problem.empty()) return problem;
        if (!api_version.empty()) return KindProblem(kind, api_version, its_kind.empty() ? absl::string_view(kind.kind) : its_kind);
        unread = WithoutVersion(outcome, text);
        return std::string("nothing is read");
      };
      absl::StatusOr<apimachinery::patch::Patched> patched =
          apimachinery::patch::PatchObject(type, kind.message, *current, body.bytes, judge);
      if (unread) {
        RETURN_IF_ERROR(TakePatched(*std::move(unread), context).status());
        return NameUnknown(name);
      }
      if (!patched.ok()) return patched.status();
      ASSIGN_OR_RETURN(object, TakePatched(*std::move(patched), context));
      object.Set("kind", kind.kind);
      object.Set("apiVersion", kind.api_version);
    }
    RETURN_IF_ERROR(MatchNamespace(*resource, context.info.ns, object));
    const std::string object_name = object.GetString("metadata.name");
    if (object_name.empty()) return NameUnknown(name);
    if (object_name != name) {
      return BadRequest(absl::StrCat("the name of the object (", object_name, ") does not match the name on the URL (", name,
                                     ")"));
    }
    defaults::ApplyDefaults(kind, object);
    if (type == PatchType::kApply && kind.custom != nullptr && resource->converts()) {  // by way of the stored version
      RETURN_IF_ERROR(ConvertTree(kind, *resource->storage, object));
      RETURN_IF_ERROR(ConvertTree(*resource->storage, kind, object));
    }
    return object;
  });
}

}  // namespace apiserver::registry
