#include "apiserver/admission/admission_request.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"

namespace apiserver::admission {
namespace {

Value Strings(const std::vector<std::string>& texts) {
  Value out = Value::MakeArray();
  for (const std::string& text : texts) out.Append(text);
  return out;
}

void SetUnlessEmpty(Value& object, absl::string_view member, const std::string& text) {
  if (!text.empty()) object.Set(member, text);
}

Value UserValue(const pipeline::UserInfo& user) {
  Value out = Value::MakeObject();
  SetUnlessEmpty(out, "username", user.name);
  SetUnlessEmpty(out, "uid", user.uid);
  if (!user.groups.empty()) out.Set("groups", Strings(user.groups));
  if (!user.extra.empty()) {
    Value extra = Value::MakeObject();
    for (const auto& [key, values] : user.extra) extra.Set(key, Strings(values));
    out.Set("extra", std::move(extra));
  }
  return out;
}

Value Names(absl::string_view group, absl::string_view version, absl::string_view what, absl::string_view name) {
  Value out = Value::MakeObject();
  out.Set("group", group);
  out.Set("version", version);
  out.Set(what, name);
  return out;
}

}  // namespace

absl::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kCreate: return "CREATE";
    case Operation::kUpdate: return "UPDATE";
    case Operation::kDelete: return "DELETE";
    case Operation::kConnect: return "CONNECT";
  }
  return "";
}

Value OptionsValue(const Attributes& a) {
  if (a.delete_options != nullptr) {
    Value options = *a.delete_options;
    Value out = Value::MakeObject();
    out.Set("kind", "DeleteOptions");
    out.Set("apiVersion", "meta.k8s.io/v1");
    for (const apimachinery::Member& member : options.object()) {
      if (member.key != "kind" && member.key != "apiVersion") out.Set(member.key, member.value);
    }
    return out;
  }
  Value out = Value::MakeObject();
  out.Set("kind", a.operation == Operation::kDelete   ? "DeleteOptions"
                  : a.operation == Operation::kUpdate ? "UpdateOptions"
                                                      : "CreateOptions");
  out.Set("apiVersion", "meta.k8s.io/v1");
  if (a.options == nullptr) return out;
  if (a.options->dry_run) out.Set("dryRun", Strings({"All"}));
  SetUnlessEmpty(out, "fieldManager", a.options->field_manager);
  SetUnlessEmpty(out, "fieldValidation", a.options->field_validation_text);
  return out;
}

Value RequestValue(const Attributes& a) {
  const pipeline::RequestInfo& info = *a.info;
  const Value kind = Names(a.kind->group, a.kind->version, "kind", a.kind->kind);
  const Value resource = Names(info.group, info.version, "resource", info.resource);
  Value out = Value::MakeObject();
  out.Set("kind", kind);
  out.Set("resource", resource);
  SetUnlessEmpty(out, "subResource", info.subresource);
  const pipeline::RequestInfo& asked = a.asked_info == nullptr ? info : *a.asked_info;
  const apimachinery::Kind& asked_kind = a.asked_kind == nullptr ? *a.kind : *a.asked_kind;
  out.Set("requestKind", Names(asked_kind.group, asked_kind.version, "kind", asked_kind.kind));
  out.Set("requestResource", Names(asked.group, asked.version, "resource", asked.resource));
  SetUnlessEmpty(out, "requestSubResource", info.subresource);
  SetUnlessEmpty(out, "name", a.name);
  SetUnlessEmpty(out, "namespace", info.ns);
  out.Set("operation", OperationName(a.operation));
  out.Set("userInfo", UserValue(*a.user));
  out.Set("dryRun", a.dry_run);
  out.Set("options", OptionsValue(a));
  return out;
}

std::string ObjectJson(const apimachinery::Kind& kind, const Value* object) {
  if (object == nullptr) return "null";
  if (kind.message == nullptr || kind.custom != nullptr) return apimachinery::WriteJson(*object);
  std::string out;
  apimachinery::EncodeJson(*kind.message, *object, &out);
  return out;
}

std::string ReviewJson(const Attributes& a, absl::string_view version, absl::string_view uid) {
  const Value request = RequestValue(a);
  std::string out = absl::StrCat(R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/)", version,
                                 R"(","request":{"uid":")", uid, "\"");
  for (const apimachinery::Member& member : request.object()) {
    if (member.key == "dryRun") {
      absl::StrAppend(&out, ",\"object\":", ObjectJson(*a.kind, a.object), ",\"oldObject\":", ObjectJson(*a.kind, a.old));
    }
    out += ',';
    apimachinery::AppendJsonString(member.key, &out);
    out += ':';
    apimachinery::AppendJson(member.value, &out);
  }
  return out + "}}";
}

}  // namespace apiserver::admission
