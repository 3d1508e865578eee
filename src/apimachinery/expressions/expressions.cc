#include "apimachinery/expressions/expressions.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/authorizer.h"

namespace apimachinery::expressions {
namespace {

struct FieldRow {
  const char* type;
  const char* field;
  const char* of;  // as cel::ParseType reads it
};

// Upstream's declared types of `request` and `namespaceObject`.
constexpr FieldRow kFields[] = {
    {"kubernetes.GroupVersionKind", "group", "string"},
    {"kubernetes.GroupVersionKind", "version", "string"},
    {"kubernetes.GroupVersionKind", "kind", "string"},
    {"kubernetes.GroupVersionResource", "group", "string"},
    {"kubernetes.GroupVersionResource", "version", "string"},
    {"kubernetes.GroupVersionResource", "resource", "string"},
    {"kubernetes.UserInfo", "username", "string"},
    {"kubernetes.UserInfo", "uid", "string"},
    {"kubernetes.UserInfo", "groups", "list(string)"},
    {"kubernetes.UserInfo", "extra", "map(string, list(string))"},
    {"kubernetes.AdmissionRequest", "kind", "kubernetes.GroupVersionKind"},
    {"kubernetes.AdmissionRequest", "resource", "kubernetes.GroupVersionResource"},
    {"kubernetes.AdmissionRequest", "subResource", "string"},
    {"kubernetes.AdmissionRequest", "requestKind", "kubernetes.GroupVersionKind"},
    {"kubernetes.AdmissionRequest", "requestResource", "kubernetes.GroupVersionResource"},
    {"kubernetes.AdmissionRequest", "requestSubResource", "string"},
    {"kubernetes.AdmissionRequest", "name", "string"},
    {"kubernetes.AdmissionRequest", "namespace", "string"},
    {"kubernetes.AdmissionRequest", "operation", "string"},
    {"kubernetes.AdmissionRequest", "userInfo", "kubernetes.UserInfo"},
    {"kubernetes.AdmissionRequest", "dryRun", "bool"},
    {"kubernetes.AdmissionRequest", "options", "dyn"},
    {"kubernetes.NamespaceSpec", "finalizers", "list(string)"},
    {"kubernetes.NamespaceCondition", "status", "string"},
    {"kubernetes.NamespaceCondition", "type", "string"},
    {"kubernetes.NamespaceCondition", "lastTransitionTime", "timestamp"},
    {"kubernetes.NamespaceCondition", "message", "string"},
    {"kubernetes.NamespaceCondition", "reason", "string"},
    {"kubernetes.NamespaceStatus", "conditions", "list(kubernetes.NamespaceCondition)"},
    {"kubernetes.NamespaceStatus", "phase", "string"},
    {"kubernetes.NamespaceMetadata", "name", "string"},
    {"kubernetes.NamespaceMetadata", "generateName", "string"},
    {"kubernetes.NamespaceMetadata", "namespace", "string"},
    {"kubernetes.NamespaceMetadata", "labels", "map(string, string)"},
    {"kubernetes.NamespaceMetadata", "annotations", "map(string, string)"},
    {"kubernetes.NamespaceMetadata", "UID", "string"},
    {"kubernetes.NamespaceMetadata", "creationTimestamp", "timestamp"},
    {"kubernetes.NamespaceMetadata", "deletionGracePeriodSeconds", "int"},
    {"kubernetes.NamespaceMetadata", "deletionTimestamp", "timestamp"},
    {"kubernetes.NamespaceMetadata", "generation", "int"},
    {"kubernetes.NamespaceMetadata", "resourceVersion", "string"},
    {"kubernetes.NamespaceMetadata", "finalizers", "list(string)"},
    {"kubernetes.Namespace", "metadata", "kubernetes.NamespaceMetadata"},
    {"kubernetes.Namespace", "spec", "kubernetes.NamespaceSpec"},
    {"kubernetes.Namespace", "status", "kubernetes.NamespaceStatus"},
};

cel::Env BaseEnv() {
  cel::Env env;
  std::map<std::string, std::map<std::string, cel::TypePtr>> structs;
  for (const FieldRow& row : kFields) structs[row.type][row.field] = cel::ParseType(row.of);
  for (auto& [name, fields] : structs) env.Struct(name, std::move(fields));
  env.Variable("object", cel::DynType());
  env.Variable("oldObject", cel::DynType());
  env.Variable("request", cel::StructType("kubernetes.AdmissionRequest"));
  env.Variable("namespaceObject", cel::StructType("kubernetes.Namespace"));
  return env;
}

bool Accepted(const cel::Type& type, Returns returns) {
  switch (returns) {
    case Returns::kAny: return true;
    case Returns::kBool: return type.Is(cel::TypeKind::kBool);
    case Returns::kString: return type.Is(cel::TypeKind::kString);
    case Returns::kStringOrNull: return type.Is(cel::TypeKind::kString) || type.Is(cel::TypeKind::kNull);
  }
  return false;
}

absl::string_view Wanted(Returns returns) {
  switch (returns) {
    case Returns::kBool: return "bool";
    case Returns::kString: return "string";
    default: return "one of [string null_type]";
  }
}

// Here upstream prints types by their names at run time.
std::string RuntimeText(const cel::Type& type) {
  std::string out = type.name();
  for (size_t i = 0; i < type.parameters().size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "(" : ", ", RuntimeText(*type.parameter(i)));
  }
  return type.parameters().empty() ? out : out + ")";
}

}  // namespace

cel::Env AdmissionEnv(bool has_params, bool has_authorizer) {
  static const cel::Env& base = *new cel::Env(BaseEnv());
  cel::Env env = base;
  if (has_params) env.Variable("params", cel::DynType());
  if (has_authorizer) {
    env.Variable("authorizer", cel::AuthorizerType());
    env.Variable("authorizer.requestResource", cel::ResourceCheckType());
  }
  return env;
}

void DeclareVariables(cel::Env* env, std::map<std::string, cel::TypePtr> fields) {
  env->Struct("kubernetes.variables", std::move(fields));
  env->Variable("variables", cel::StructType("kubernetes.variables"));
}

absl::StatusOr<cel::Program> Compile(absl::string_view expression, const cel::Env& env, Returns returns) {
  cel::TypePtr type;
  absl::StatusOr<cel::Program> program = cel::Compile(expression, env, &type);
  if (type == nullptr) return absl::InvalidArgumentError(absl::StrCat("compilation failed: ", program.status().message()));
  if (!Accepted(*type, returns)) {
    return absl::InvalidArgumentError(absl::StrCat("must evaluate to ", Wanted(returns), " but got ", RuntimeText(*type)));
  }
  if (!program.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("program instantiation failed: ", program.status().message()));
  }
  return program;
}

}  // namespace apimachinery::expressions
