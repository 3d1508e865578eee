#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "apiserver/discovery/hash.h"
#include "apiserver/openapi/custom.h"
#include "apiserver/openapi/definitions.h"
#include "apiserver/openapi/names.h"
#include "apiserver/openapi/openapi.h"
#include "apiserver/openapi/routes.h"
#include "k8s/schema_blob.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;

std::vector<absl::string_view> MediaTypes(Media media) {
  switch (media) {
    case Media::kObject: return {"application/json", "application/vnd.kubernetes.protobuf", "application/yaml"};
    case Media::kList:
      return {"application/json", "application/json;stream=watch", "application/vnd.kubernetes.protobuf",
              "application/vnd.kubernetes.protobuf;stream=watch", "application/yaml"};
    case Media::kText:
      return {"application/json", "application/vnd.kubernetes.protobuf", "application/yaml", "text/plain"};
    case Media::kAny: return {"*/*"};
    case Media::kJson: return {"application/json"};
    case Media::kJwkSet: return {"application/jwk-set+json"};
    case Media::kCustom: return {"application/json", "application/yaml"};
  }
  return {};
}

// What documents refer to: full names of definitions.
using Names = std::set<std::string>;

Value ContentSchema(const std::string& definition, Names* used) {
  if (definition == "string") {
    Value schema;
    schema["type"] = "string";
    return schema;
  }
  used->insert(definition);
  return Ref(Form::kV3, definition);
}

Value Content(const std::vector<absl::string_view>& types, const std::string& definition, Names* used) {
  Value content;
  for (const absl::string_view type : types) content[type]["schema"] = ContentSchema(definition, used);
  return content;
}

Value ParameterObject(const Parameter& parameter) {
  Value object;
  object["name"] = parameter.name;
  object["in"] = parameter.in_path ? "path" : "query";
  object["description"] = parameter.description;
  if (parameter.in_path) object["required"] = true;
  object["schema"]["type"] = parameter.type;
  object["schema"]["uniqueItems"] = true;
  return object;
}

Value OperationObject(const Operation& operation, const std::vector<Parameter>& common, Names* used) {
  Value object;
  object["tags"].Append(operation.tag);
  object["description"] = operation.description;
  object["operationId"] = operation.id;
  for (const Parameter& parameter : operation.parameters) {
    if (std::find(common.begin(), common.end(), parameter) != common.end()) continue;
    object["parameters"].Append(ParameterObject(parameter));
  }
  if (!operation.body.empty()) {
    std::vector<absl::string_view> types = {"*/*"};
    const bool custom = operation.media == Media::kCustom;
    if (custom && operation.method != "patch") {
      types = MediaTypes(operation.media);
    } else if (custom) {
      types = {"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"};
    } else if (operation.method == "patch") {
      types = {"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
               "application/strategic-merge-patch+json"};
    }
    object["requestBody"]["content"] = Content(types, operation.body, used);
    if (operation.body_required) object["requestBody"]["required"] = true;
  }
  for (const Response& response : operation.responses) {
    Value& at = object["responses"][absl::StrCat(response.code)];
    at["description"] = ResponseText(response.code);
    if (!response.definition.empty()) at["content"] = Content(MediaTypes(operation.media), response.definition, used);
  }
  if (!operation.action.empty()) {
    object["x-kubernetes-action"] = operation.action;
    Value& gvk = object["x-kubernetes-group-version-kind"];
    gvk["group"] = operation.kind.group;
    gvk["version"] = operation.kind.version;
    gvk["kind"] = operation.kind.kind;
  }
  return object;
}

const absl::flat_hash_map<std::string, const apimachinery::Message*>& MessagesByDefinition() {
  static const auto* const messages = [] {
    auto* made = new absl::flat_hash_map<std::string, const apimachinery::Message*>;
    for (const apimachinery::Message& message : apimachinery::Schema::Builtin().messages()) {
      (*made)[DefinitionName(message.name)] = &message;
    }
    return made;
  }();
  return *messages;
}

// Definitions of all names and of what they refer to, sorted.
Value Components(const Names& used, CustomDefinitions custom) {
  std::map<std::string, const apimachinery::Message*> wanted;
  std::vector<const apimachinery::Message*> open;
  Value schemas = Value::MakeObject();
  for (const std::string& name : used) {
    if (custom.count(name) > 0) continue;
    const auto found = MessagesByDefinition().find(name);
    if (found != MessagesByDefinition().end()) open.push_back(found->second);
    else schemas[name] = VersionInfoDefinition(Form::kV3);
  }
  const bool of_custom = !custom.empty();
  if (!custom.empty()) open.push_back(MessagesByDefinition().at("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
  if (!custom.empty()) open.push_back(MessagesByDefinition().at("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"));
  for (auto& [name, schema] : custom) schemas.object().push_back({name, std::move(schema)});
  while (!open.empty()) {
    const apimachinery::Message* message = open.back();
    open.pop_back();
    if (!wanted.emplace(DefinitionName(message->name), message).second) continue;
    for (const apimachinery::Message* referred : ReferredMessages(*message)) open.push_back(referred);
  }
  for (const auto& [name, message] : wanted) {
    Value schema = Definition(Form::kV3, *message);
    if (of_custom && message->name == "meta.v1.DeleteOptions") schema = DeleteOptionsOfCustom(std::move(schema));
    schemas.object().push_back({name, std::move(schema)});
  }
  Value components;
  if (!schemas.empty()) components["schemas"] = std::move(schemas);
  if (!custom.empty()) return components;
  Value& token = components["securitySchemes"]["BearerToken"];
  token["type"] = "apiKey";
  token["description"] = "Bearer Token authentication";
  token["name"] = "authorization";
  token["in"] = "header";
  return components;
}

std::string WriteDocument(const std::vector<Path>& paths, CustomDefinitions custom = {}) {
  Names used;
  Value document;
  document["openapi"] = "3.0.0";
  document["info"]["title"] = custom.empty() ? "Kubernetes" : "Kubernetes CRD Swagger";
  document["info"]["version"] = custom.empty() ? "1.35" : "v0.1.0";
  Value& path_items = document["paths"] = Value::MakeObject();
  for (const Path& path : paths) {
    const std::vector<Parameter> common = CommonParameters(path);
    Value item;
    for (const Operation& operation : path.operations) {
      item[operation.method] = OperationObject(operation, common, &used);
    }
    for (const Parameter& parameter : common) item["parameters"].Append(ParameterObject(parameter));
    path_items.object().push_back({path.path, std::move(item)});
  }
  document["components"] = Components(used, std::move(custom));
  return apimachinery::WriteJson(document);
}

// The paths of a document, by what follows /openapi/v3/; empty when there is none.
std::vector<Path> DocumentPaths(absl::string_view path) {
  if (path == "api") return {CorePath()};
  if (path == "apis") return {GroupsPath()};
  if (path == "version") return {VersionPath()};
  if (path == "openid/v1/jwks") return {KeySetPath()};
  if (path == ".well-known/openid-configuration") return {IssuerPath()};
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  const discovery::Catalog& catalog = discovery::Builtin();
  if (parts.size() == 2 && parts[0] == "apis" && catalog.HasGroup(parts[1])) return {GroupPath(parts[1])};
  const discovery::GroupVersion* at = nullptr;
  if (parts.size() == 2 && parts[0] == "api") at = catalog.Find("", parts[1]);
  if (parts.size() == 3 && parts[0] == "apis" && !parts[1].empty()) at = catalog.Find(parts[1], parts[2]);
  return at == nullptr ? std::vector<Path>() : GroupVersionPaths(*at);
}

}  // namespace

std::shared_ptr<const std::string> V3Document(absl::string_view path) {
  static absl::Mutex mutex(absl::kConstInit);
  static auto* const documents = new absl::flat_hash_map<std::string, std::shared_ptr<const std::string>>;
  {
    const absl::MutexLock lock(&mutex);
    const auto found = documents->find(path);
    if (found != documents->end()) return found->second;
  }
  const std::vector<Path> paths = DocumentPaths(path);
  if (paths.empty()) return nullptr;
  auto document = std::make_shared<const std::string>(WriteDocument(paths));
  const absl::MutexLock lock(&mutex);
  return documents->emplace(path, std::move(document)).first->second;
}

std::string V3Hash(absl::string_view path) {
  // A document is a function of the schema: its hash stands for the text, which need not be made for it.
  static const std::string* const schema = new std::string(
      discovery::UpperHexSha512(absl::StrCat(k8s_schema::DescriptorSet(), k8s_schema::Docs())));
  return discovery::UpperHexSha512(absl::StrCat(*schema, "/", path));
}

std::string CustomV3Document(const discovery::GroupVersion& at,
                             const std::vector<const apimachinery::structural::Version*>& versions) {
  CustomDefinitions definitions;
  for (const apimachinery::structural::Version* version : versions) AddCustomDefinitions(Form::kV3, *version, &definitions);
  return WriteDocument(GroupVersionPaths(at), std::move(definitions));
}

std::string V3Index(const discovery::Catalog& catalog, absl::FunctionRef<std::string(absl::string_view path)> custom_hash,
                    const std::map<std::string, std::string>& others) {
  std::set<std::string> paths = {".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"};
  for (const discovery::GroupVersion& at : catalog.versions) {
    if (at.group.empty()) {
      paths.insert(absl::StrCat("api/", at.version));
      continue;
    }
    const bool custom = std::all_of(at.resources.begin(), at.resources.end(), [](const auto& r) { return r.custom; });
    if (!custom) paths.insert(absl::StrCat("apis/", at.group));
    paths.insert(absl::StrCat("apis/", at.group, "/", at.version));
  }
  std::set<std::string> all = paths;
  for (const auto& [path, url] : others) all.insert(path);
  Value index;
  for (const std::string& path : all) {
    if (paths.count(path) == 0) {
      index["paths"][path]["serverRelativeURL"] = others.at(path);
      continue;
    }
    const std::string custom = custom_hash(path);
    index["paths"][path]["serverRelativeURL"] = absl::StrCat("/openapi/v3/", path, "?hash=",
                                                            custom.empty() ? V3Hash(path) : custom);
  }
  return apimachinery::WriteJson(index);
}

}  // namespace apiserver::openapi
