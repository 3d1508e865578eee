#include "kubectl/cmd/apply_migrate.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

bool OwnsLastApplied(const Value& entry, absl::string_view operation) {
  if (entry.GetString("operation") != operation || !entry.GetString("subresource").empty())
    return false;
  const Value* fields = entry.Find("fieldsV1");
  const Value* metadata = fields == nullptr ? nullptr : fields->Find("f:metadata");
  const Value* annotations = metadata == nullptr ? nullptr : metadata->Find("f:annotations");
  return annotations != nullptr && annotations->Has(absl::StrCat("f:", kLastApplied));
}

void Union(Value* into, const Value& other) {
  for (const Member& member : other.object()) {
    Value& target = (*into)[member.key];
    if (!target.is_object()) target = Value::MakeObject();
    if (member.value.is_object()) Union(&target, member.value);
  }
}

}  // namespace

Value LastAppliedOwnership(const Value& object) {
  const Value* annotations = object.At("metadata.annotations");
  const Value* text = annotations == nullptr ? nullptr : annotations->Find(kLastApplied);
  if (text == nullptr) return Value();
  for (const Value& entry : object.GetArray("metadata.managedFields")) {
    if (OwnsLastApplied(entry, "Apply")) return Value();
  }
  Value only;
  only.Set("apiVersion", object.GetString("apiVersion"));
  only.Set("kind", object.GetString("kind"));
  only["metadata"].Set("name", object.GetString("metadata.name"));
  const std::string ns = object.GetString("metadata.namespace");
  if (!ns.empty()) only["metadata"].Set("namespace", ns);
  only["metadata"]["annotations"].Set(kLastApplied, *text);
  return only;
}

Value ManagedFieldsMigration(const Value& object, const std::string& server_side_manager) {
  const Array& entries = object.GetArray("metadata.managedFields");
  std::set<std::string> clients;
  for (const Value& entry : entries) {
    if (OwnsLastApplied(entry, "Update")) clients.insert(entry.GetString("manager"));
  }
  if (clients.empty()) return Value();
  const auto is_client = [&](const Value& entry) {
    return entry.GetString("operation") == "Update" && entry.GetString("subresource").empty() &&
           clients.count(entry.GetString("manager")) > 0;
  };
  const auto is_server = [&](const Value& entry) {
    return entry.GetString("operation") == "Apply" && entry.GetString("subresource").empty() &&
           entry.GetString("manager") == server_side_manager;
  };
  Array result;
  int at = -1;
  for (const Value& entry : entries) {
    if (is_server(entry)) at = static_cast<int>(result.size());
    if (!is_client(entry)) result.push_back(entry);
  }
  for (const Value& entry : entries) {
    if (!is_client(entry)) continue;
    if (at < 0) {
      Value converted = entry;
      converted.Set("manager", server_side_manager);
      converted.Set("operation", "Apply");
      at = static_cast<int>(result.size());
      result.push_back(std::move(converted));
    } else if (const Value* fields = entry.Find("fieldsV1");
               fields != nullptr && fields->is_object()) {
      Union(&result[at]["fieldsV1"], *fields);
    }
  }
  Value patch = Value::MakeArray();
  const auto replace = [&](const char* path, Value value) {
    Value operation;
    operation.Set("op", "replace");
    operation.Set("path", path);
    operation.Set("value", std::move(value));
    patch.Append(std::move(operation));
  };
  replace("/metadata/managedFields", Value(std::move(result)));
  replace("/metadata/resourceVersion", object.GetString("metadata.resourceVersion"));
  return patch;
}

}  // namespace kubectl
