#include <algorithm>
#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "apiserver/openapi/custom.h"
#include "apiserver/openapi/definitions.h"
#include "apiserver/openapi/document_v2.h"
#include "apiserver/openapi/names.h"
#include "apiserver/openapi/openapi.h"
#include "apiserver/openapi/routes.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;

// Parameters that stand once in the document, by the name clients know them by, and the options they belong to.
constexpr absl::string_view kShared[][2] = {
    {"allowWatchBookmarks-HC2hJt-J", "ListOptions"},
    {"command-Py3eQybp", "PodExecOptions"},
    {"container-1GeXxFDC", "PodLogOptions"},
    {"container-_Q-EJ3nR", "PodAttachOptions"},
    {"container-i5dOmRiM", "PodExecOptions"},
    {"continue-QfD61s0i", "ListOptions"},
    {"fieldManager-7c6nTn1T", "PatchOptions"},
    {"fieldManager-Qy4HdaTW", "CreateOptions"},
    {"fieldSelector-xIcQKXFG", "ListOptions"},
    {"follow-9OIXh_2R", "PodLogOptions"},
    {"force-tOGGb0Yi", "PatchOptions"},
    {"gracePeriodSeconds--K5HaBOS", "DeleteOptions"},
    {"ignoreStoreReadErrorWithClusterBreakingPotential-QbNkfIqj", "DeleteOptions"},
    {"insecureSkipTLSVerifyBackend-gM00jVbe", "PodLogOptions"},
    {"labelSelector-5Zw57w4C", "ListOptions"},
    {"limit-1NfNmdNH", "ListOptions"},
    {"limitBytes-zwd1RXuc", "PodLogOptions"},
    {"namespace-vgWSWtn3", ""},
    {"orphanDependents-uRB25kX5", "DeleteOptions"},
    {"path-QCf0eosM", "ServiceProxyOptions"},
    {"path-oPbzgLUj", "PodProxyOptions"},
    {"path-rFDtV0x9", "NodeProxyOptions"},
    {"path-z6Ciiujn", ""},
    {"ports-91KROJmm", "PodPortForwardOptions"},
    {"pretty-tJGM1-ng", ""},
    {"previous-1jxDPu3y", "PodLogOptions"},
    {"propagationPolicy-6jk3prlO", "DeleteOptions"},
    {"resourceVersion-5WAnf1kx", "ListOptions"},
    {"resourceVersionMatch-t8XhRHeC", "ListOptions"},
    {"sendInitialEvents-rLXlEK_k", "ListOptions"},
    {"sinceSeconds-vE2NLdnP", "PodLogOptions"},
    {"stderr-26jJhFUR", "PodAttachOptions"},
    {"stderr-W_1TNlWc", "PodExecOptions"},
    {"stdin-PSzNhyUC", "PodExecOptions"},
    {"stdin-sEFnN3IS", "PodAttachOptions"},
    {"stdout--EZLRwV1", "PodExecOptions"},
    {"stdout-005YMKE6", "PodAttachOptions"},
    {"stream-l-48cgXv", "PodLogOptions"},
    {"tailLines-9xQLWHMV", "PodLogOptions"},
    {"timeoutSeconds-yvYezaOC", "ListOptions"},
    {"timestamps-c17fW1w_", "PodLogOptions"},
    {"tty-g7MlET_l", "PodAttachOptions"},
    {"tty-s0flW37O", "PodExecOptions"},
    {"watch-XNNPZGbK", "ListOptions"},
};
constexpr absl::string_view kDeleteBody = "body-2Y1dVQaQ";
constexpr absl::string_view kPatchBody = "body-78PwaGsr";

// The shared name of a parameter, empty when it is written where it is used.
absl::string_view SharedName(const Parameter& parameter) {
  for (const auto& [shared, origin] : kShared) {
    if (shared.substr(0, parameter.name.size()) != parameter.name || shared[parameter.name.size()] != '-') continue;
    if (origin != parameter.origin) continue;
    const bool path_variable = shared == "path-z6Ciiujn";
    if (parameter.name == "path" && path_variable != parameter.in_path) continue;
    return shared;
  }
  return "";
}

Value ParameterRef(absl::string_view shared) {
  Value ref;
  ref["$ref"] = absl::StrCat("#/parameters/", shared);
  return ref;
}

std::vector<absl::string_view> Produces(Media media) {
  switch (media) {
    case Media::kObject: return {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"};
    case Media::kList:
      return {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf",
              "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"};
    case Media::kText:
      return {"text/plain", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"};
    case Media::kAny: return {"*/*"};
    case Media::kJson: return {"application/json"};
    case Media::kCustom: return {"application/json", "application/yaml"};
    case Media::kJwkSet: return {"application/jwk-set+json"};
  }
  return {};
}

std::vector<absl::string_view> Consumes(const Operation& operation) {
  if (operation.media == Media::kCustom && operation.method != "patch") return {"application/json", "application/yaml"};
  if (operation.media == Media::kCustom) {
    return {"application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"};
  }
  if (operation.method == "patch" && !operation.body.empty()) {
    return {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
            "application/apply-patch+yaml"};
  }
  if (!operation.action.empty()) return {"*/*"};
  if (operation.tag == "version") return {"application/json"};
  if (operation.media != Media::kObject) return {};
  return {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"};
}

Value Texts(const std::vector<absl::string_view>& texts) {
  Value list;
  for (const absl::string_view text : texts) list.Append(text);
  return list;
}

class Document {
 public:
  Value Make(const discovery::Catalog& catalog, CustomDefinitions custom) {
    custom_ = std::move(custom);
    std::vector<Path> paths = {IssuerPath(), CorePath(), GroupsPath(), KeySetPath(), VersionPath()};
    std::set<std::string> groups;
    for (const discovery::GroupVersion& at : catalog.versions) {
      const bool all_custom = std::all_of(at.resources.begin(), at.resources.end(), [](const auto& r) { return r.custom; });
      if (!at.group.empty() && !all_custom && groups.insert(at.group).second) paths.push_back(GroupPath(at.group));
      for (Path& path : GroupVersionPaths(at)) paths.push_back(std::move(path));
    }
    std::sort(paths.begin(), paths.end(), [](const Path& a, const Path& b) { return a.path < b.path; });
    Value document;
    document["swagger"] = "2.0";
    document["info"]["title"] = "Kubernetes";
    document["info"]["version"] = "1.35";
    document["paths"] = Value::MakeObject();
    for (const Path& path : paths) document["paths"].object().push_back({path.path, PathItem(path)});
    document["definitions"] = Definitions();
    for (auto& [name, parameter] : shared_) document["parameters"].Set(name, std::move(parameter));
    Value& token = document["securityDefinitions"]["BearerToken"];
    token["description"] = "Bearer Token authentication";
    token["type"] = "apiKey";
    token["name"] = "authorization";
    token["in"] = "header";
    Value requirement;
    requirement["BearerToken"] = Value::MakeArray();
    document["security"].Append(std::move(requirement));
    return document;
  }

 private:
  Value PathItem(const Path& path) {
    std::vector<Parameter> common = CommonParameters(path);
    Value item;
    for (const Operation& operation : path.operations) item[operation.method] = OperationObject(operation, common);
    for (const Parameter& parameter : common) item["parameters"].Append(ParameterObject(parameter));
    return item;
  }

  Value OperationObject(const Operation& operation, const std::vector<Parameter>& common) {
    Value object;
    object["description"] = operation.description;
    if (const auto consumes = Consumes(operation); !consumes.empty()) object["consumes"] = Texts(consumes);
    object["produces"] = Texts(Produces(operation.media));
    object["schemes"] = Texts({"https"});
    object["tags"].Append(operation.tag);
    object["operationId"] = operation.id;
    if (!operation.body.empty()) object["parameters"].Append(Body(operation));
    for (const Parameter& parameter : operation.parameters) {
      if (std::find(common.begin(), common.end(), parameter) == common.end()) {
        object["parameters"].Append(ParameterObject(parameter));
      }
    }
    for (const Response& response : operation.responses) {
      Value& at = object["responses"][absl::StrCat(response.code)];
      at["description"] = ResponseText(response.code);
      if (!response.definition.empty()) at["schema"] = SchemaOf(response.definition);
    }
    if (!operation.action.empty()) {
      object["x-kubernetes-action"] = operation.action;
      Value& gvk = object["x-kubernetes-group-version-kind"];
      gvk["group"] = operation.kind.group;
      gvk["kind"] = operation.kind.kind;
      gvk["version"] = operation.kind.version;
    }
    return object;
  }

  Value SchemaOf(const std::string& definition) {
    if (definition == "string") {
      Value schema;
      schema["type"] = "string";
      return schema;
    }
    used_.insert(definition);
    return Ref(Form::kV2, definition);
  }

  Value Body(const Operation& operation) {
    Value body;
    body["name"] = "body";
    body["in"] = "body";
    if (operation.body_required) body["required"] = true;
    body["schema"] = SchemaOf(operation.body);
    const absl::string_view shared = operation.method == "patch"    ? kPatchBody
                                     : operation.method == "delete" ? kDeleteBody
                                                                    : absl::string_view();
    if (shared.empty()) return body;
    shared_.emplace(shared, std::move(body));
    return ParameterRef(shared);
  }

  Value ParameterObject(const Parameter& parameter) {
    const absl::string_view shared = SharedName(parameter);
    if (!shared.empty() && shared_.contains(std::string(shared))) return ParameterRef(shared);
    Value object;
    object["uniqueItems"] = true;
    object["type"] = parameter.type;
    object["description"] = parameter.description;
    object["name"] = parameter.name;
    object["in"] = parameter.in_path ? "path" : "query";
    if (parameter.in_path) object["required"] = true;
    if (shared.empty()) return object;
    shared_.emplace(shared, std::move(object));
    return ParameterRef(shared);
  }

  Value Definitions() {
    absl::flat_hash_map<std::string, const apimachinery::Message*> by_name;
    for (const apimachinery::Message& message : apimachinery::Schema::Builtin().messages()) {
      by_name[DefinitionName(message.name)] = &message;
    }
    std::map<std::string, Value> definitions;
    std::vector<const apimachinery::Message*> open;
    for (auto& [name, schema] : custom_) definitions[name] = std::move(schema);
    for (const std::string& name : used_) {
      if (custom_.count(name) > 0) continue;
      const auto found = by_name.find(name);
      if (found != by_name.end()) open.push_back(found->second);
      else definitions[name] = VersionInfoDefinition(Form::kV2);
    }
    while (!open.empty()) {
      const apimachinery::Message* message = open.back();
      open.pop_back();
      const auto [at, added] = definitions.emplace(DefinitionName(message->name), Value());
      if (!added) continue;
      at->second = Definition(Form::kV2, *message);
      for (const apimachinery::Message* referred : ReferredMessages(*message)) open.push_back(referred);
    }
    Value all = Value::MakeObject();
    for (auto& [name, definition] : definitions) all.object().push_back({name, std::move(definition)});
    return all;
  }

  std::map<std::string, Value> shared_;
  std::set<std::string> used_;
  CustomDefinitions custom_;
};

}  // namespace

Value DocumentV2(const discovery::Catalog& catalog, const std::vector<const apimachinery::structural::Version*>& custom) {
  CustomDefinitions definitions;
  for (const apimachinery::structural::Version* version : custom) AddCustomDefinitions(Form::kV2, *version, &definitions);
  return Document().Make(catalog, std::move(definitions));
}

std::shared_ptr<const std::string> V2Json() {
  static const auto* const text =
      new std::shared_ptr<const std::string>(std::make_shared<const std::string>(apimachinery::WriteJson(DocumentV2(discovery::Builtin(), {}))));
  return *text;
}

}  // namespace apiserver::openapi
