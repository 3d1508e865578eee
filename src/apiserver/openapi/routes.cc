#include "apiserver/openapi/routes.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/schema.h"
#include "apiserver/openapi/custom.h"
#include "apiserver/openapi/names.h"
#include "apiserver/openapi/parameters.h"

namespace apiserver::openapi {
namespace {

using discovery::GroupVersionKind;
using discovery::Resource;
using discovery::Subresource;

constexpr absl::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

bool Has(const std::vector<std::string>& verbs, absl::string_view verb) {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

// Kinds whose deletion answers with the deleted object instead of a Status.
bool ReturnsDeleted(absl::string_view group, absl::string_view plural) {
  constexpr absl::string_view kCore[] = {"persistentvolumeclaims", "pods",     "podtemplates",     "resourcequotas",
                                         "serviceaccounts",        "services", "persistentvolumes"};
  constexpr absl::string_view kStorage[] = {"csidrivers", "csinodes", "storageclasses", "volumeattachments",
                                            "volumeattributesclasses"};
  if (group == "resource.k8s.io") return true;
  if (group.empty()) return std::find(std::begin(kCore), std::end(kCore), plural) != std::end(kCore);
  if (group == "storage.k8s.io") {
    return std::find(std::begin(kStorage), std::end(kStorage), plural) != std::end(kStorage);
  }
  return false;
}

// The definition of a kind that is spoken somewhere in `group`, `version`.
std::string KindDefinition(absl::string_view group, absl::string_view version, const GroupVersionKind& kind) {
  const auto& schema = apimachinery::Schema::Builtin();
  const apimachinery::Kind* found =
      kind.version.empty() ? schema.FindKind(group, version, kind.kind)
                           : schema.FindKind(kind.group, kind.version, kind.kind);
  return found == nullptr ? "" : DefinitionName(found->message->name);
}

class Builder {
 public:
  explicit Builder(const discovery::GroupVersion& at)
      : at_(at),
        root_(at.group.empty() ? absl::StrCat("/api/", at.version)
                               : absl::StrCat("/apis/", at.group, "/", at.version)),
        middle_(OperationGroup(at.group, at.version)),
        tag_(Tag(at.group, at.version)) {}

  std::vector<Path> Build() {
    const bool all_custom = std::all_of(at_.resources.begin(), at_.resources.end(), [](const Resource& r) { return r.custom; });
    if (!all_custom) AddDiscovery();
    for (const Resource& resource : at_.resources) AddResource(resource);
    std::vector<Path> paths;
    for (auto& [path, operations] : paths_) paths.push_back({path, std::move(operations)});
    return paths;
  }

 private:
  void AddDiscovery() {
    Operation discovery;
    discovery.method = "get";
    discovery.id = absl::StrCat("get", middle_, "APIResources");
    discovery.description = "get available resources";
    discovery.tag = tag_;
    discovery.responses = {{200, absl::StrCat(kMeta, "APIResourceList")}, {401, ""}};
    paths_[root_ + "/"].push_back(std::move(discovery));
  }

  void AddResource(const Resource& resource) {
    namespaced_ = resource.namespaced;
    custom_ = resource.custom;
    definition_ = custom_ ? CustomDefinitionName(at_.group, at_.version, resource.kind.kind)
                          : KindDefinition(at_.group, at_.version, resource.kind);
    kind_ = {at_.group, at_.version, resource.kind.kind};
    infix_ = namespaced_ ? "Namespaced" : "";
    const std::string scope = namespaced_ ? "/namespaces/{namespace}/" : "/";
    const std::string collection = absl::StrCat(root_, scope, resource.plural);
    const std::string item = collection + "/{name}";
    const std::string& kind = kind_.kind;

    if (Has(resource.verbs, "list")) {
      AddList(collection, absl::StrCat("list", middle_, infix_, kind), namespaced_);
      if (namespaced_) {
        AddList(absl::StrCat(root_, "/", resource.plural), absl::StrCat("list", middle_, kind, "ForAllNamespaces"),
                false);
      }
    }
    if (Has(resource.verbs, "create")) {
      AddWrite(collection, "post", absl::StrCat("create", middle_, infix_, kind), "post",
               absl::StrCat("create a ", kind), {}, WriteParameters(), definition_, {200, 201, 202});
    }
    if (Has(resource.verbs, "deletecollection")) AddDeleteCollection(collection);
    if (Has(resource.verbs, "get")) {
      AddRead(item, absl::StrCat("read", middle_, infix_, kind), absl::StrCat("read the specified ", kind));
    }
    if (Has(resource.verbs, "update")) {
      AddWrite(item, "put", absl::StrCat("replace", middle_, infix_, kind), "put",
               absl::StrCat("replace the specified ", kind), {NameParameter(kind)}, WriteParameters(), definition_,
               {200, 201});
    }
    if (Has(resource.verbs, "delete")) AddDelete(item, resource);
    if (Has(resource.verbs, "patch")) {
      AddWrite(item, "patch", absl::StrCat("patch", middle_, infix_, kind), "patch",
               absl::StrCat("partially update the specified ", kind), {NameParameter(kind)}, PatchParameters(),
               definition_, custom_ ? std::vector<int>{200} : std::vector<int>{200, 201});
    }
    if (Has(resource.verbs, "watch") && !custom_) AddWatches(resource, scope);
    for (const Subresource& sub : resource.subresources) AddSubresource(item, resource, sub);
  }

  // Adds what every operation has; `extra` are its parameters besides namespace.
  void Add(const std::string& path, Operation operation, std::vector<Parameter> extra, bool namespaced, bool pretty) {
    operation.tag = tag_;
    operation.parameters = std::move(extra);
    if (namespaced) operation.parameters.push_back(NamespaceParameter());
    if (pretty) operation.parameters.push_back(PrettyParameter());
    std::stable_sort(operation.parameters.begin(), operation.parameters.end(),
                     [](const Parameter& a, const Parameter& b) { return a.name < b.name; });
    operation.responses.push_back({401, ""});
    if (custom_) operation.media = Media::kCustom;
    paths_[path].push_back(std::move(operation));
  }

  Operation Make(absl::string_view method, std::string id, absl::string_view action, std::string description) const {
    Operation operation;
    operation.method = std::string(method);
    operation.id = std::move(id);
    operation.action = std::string(action);
    operation.description = std::move(description);
    operation.kind = kind_;
    return operation;
  }

  void AddList(const std::string& path, std::string id, bool namespaced) {
    Operation list = Make("get", std::move(id), "list", absl::StrCat(custom_ ? "list objects of kind " : "list or watch objects of kind ", kind_.kind));
    list.media = Media::kList;
    list.responses = {{200, definition_ + "List"}};
    Add(path, std::move(list), ListParameters(), namespaced, true);
  }

  void AddRead(const std::string& path, std::string id, std::string description) {
    Operation read = Make("get", std::move(id), "get", std::move(description));
    read.responses = {{200, definition_}};
    std::vector<Parameter> parameters = {NameParameter(kind_.kind)};
    if (custom_) {  // upstream tells this one option of gets
      for (Parameter& parameter : ListParameters()) {
        if (parameter.name == "resourceVersion") parameters.push_back(std::move(parameter));
      }
    }
    Add(path, std::move(read), std::move(parameters), namespaced_, true);
  }

  void AddWrite(const std::string& path, absl::string_view method, std::string id, absl::string_view action,
                std::string description, std::vector<Parameter> own, const std::vector<Parameter>& options,
                const std::string& definition, const std::vector<int>& codes) {
    Operation write = Make(method, std::move(id), action, std::move(description));
    write.body = method == "patch" ? absl::StrCat(kMeta, "Patch") : definition;
    write.body_required = true;
    for (const int code : codes) write.responses.push_back({code, definition});
    own.insert(own.end(), options.begin(), options.end());
    Add(path, std::move(write), std::move(own), namespaced_, true);
  }

  void AddDeleteCollection(const std::string& path) {
    Operation remove = Make("delete", absl::StrCat("delete", middle_, "Collection", infix_, kind_.kind),
                            "deletecollection", absl::StrCat("delete collection of ", kind_.kind));
    if (!custom_) remove.body = absl::StrCat(kMeta, "DeleteOptions");
    remove.responses = {{200, absl::StrCat(kMeta, "Status")}};
    Add(path, std::move(remove), custom_ ? ListParameters() : DeleteCollectionParameters(), namespaced_, true);
  }

  void AddDelete(const std::string& path, const Resource& resource) {
    Operation remove = Make("delete", absl::StrCat("delete", middle_, infix_, kind_.kind), "delete",
                            absl::StrCat("delete a ", kind_.kind));
    const std::string answer =
        ReturnsDeleted(at_.group, resource.plural) ? definition_ : absl::StrCat(kMeta, "Status");
    remove.body = absl::StrCat(kMeta, "DeleteOptions");
    remove.responses = {{200, answer}, {202, answer}};
    std::vector<Parameter> parameters = DeleteParameters();
    parameters.push_back(NameParameter(kind_.kind));
    Add(path, std::move(remove), std::move(parameters), namespaced_, true);
  }

  void AddWatch(const std::string& path, std::string id, absl::string_view action, bool named, bool namespaced) {
    Operation watch = Make("get", std::move(id), action,
                           absl::StrCat("watch changes to ", named ? "an object" : "a list", " of kind ", kind_.kind,
                                        ". deprecated: use the 'watch' parameter with a list operation instead."));
    watch.media = Media::kList;
    watch.responses = {{200, absl::StrCat(kMeta, "WatchEvent")}};
    std::vector<Parameter> parameters = ListParameters();
    if (named) parameters.push_back(NameParameter(kind_.kind));
    Add(path, std::move(watch), std::move(parameters), namespaced, true);
  }

  void AddWatches(const Resource& resource, const std::string& scope) {
    const std::string collection = absl::StrCat(root_, "/watch", scope, resource.plural);
    AddWatch(collection, absl::StrCat("watch", middle_, infix_, kind_.kind, "List"), "watchlist", false, namespaced_);
    AddWatch(collection + "/{name}", absl::StrCat("watch", middle_, infix_, kind_.kind), "watch", true, namespaced_);
    if (namespaced_) {
      AddWatch(absl::StrCat(root_, "/watch/", resource.plural),
               absl::StrCat("watch", middle_, kind_.kind, "ListForAllNamespaces"), "watchlist", false, false);
    }
  }

  void AddSubresource(const std::string& item, const Resource& resource, const Subresource& sub) {
    const std::string path = absl::StrCat(item, "/", sub.name);
    const std::string suffix = absl::StrCat(middle_, infix_, resource.kind.kind, Capitalized(sub.name));
    const std::string of = absl::StrCat(sub.name, " of the specified ", resource.kind.kind);
    const GroupVersionKind saved_kind = kind_;
    const std::string saved_definition = definition_;
    if (!custom_ || sub.name == "scale") definition_ = KindDefinition(at_.group, at_.version, sub.kind);
    if (!custom_) {  // of custom resources the kind stays the resource's
      if (!sub.kind.version.empty()) kind_ = sub.kind;
      else kind_.kind = sub.kind.kind;
    }
    if (sub.name == "log") {
      AddLog(path, absl::StrCat("read", suffix));
    } else if (absl::EndsWith(sub.kind.kind, "Options")) {
      AddConnect(path, resource, sub);
    } else if (Has(sub.verbs, "create")) {
      AddWrite(path, "post", absl::StrCat("create", suffix), "post", absl::StrCat("create ", of),
               {NameParameter(kind_.kind)}, WriteParameters(), definition_, {200, 201, 202});
    } else {
      if (Has(sub.verbs, "get")) AddRead(path, absl::StrCat("read", suffix), absl::StrCat("read ", of));
      AddWrite(path, "put", absl::StrCat("replace", suffix), "put", absl::StrCat("replace ", of),
               {NameParameter(kind_.kind)}, WriteParameters(), definition_, {200, 201});
      if (Has(sub.verbs, "patch")) {
        AddWrite(path, "patch", absl::StrCat("patch", suffix), "patch", absl::StrCat("partially update ", of),
                 {NameParameter(kind_.kind)}, PatchParameters(), definition_,
                 custom_ ? std::vector<int>{200} : std::vector<int>{200, 201});
      }
    }
    kind_ = saved_kind;
    definition_ = saved_definition;
  }

  void AddLog(const std::string& path, std::string id) {
    Operation read = Make("get", std::move(id), "get", "read log of the specified Pod");
    read.media = Media::kText;
    read.responses = {{200, "string"}};
    std::vector<Parameter> parameters = OptionsParameters("PodLogOptions");
    parameters.push_back(NameParameter("Pod"));
    Add(path, std::move(read), std::move(parameters), namespaced_, true);
  }

  void AddConnect(const std::string& path, const Resource& resource, const Subresource& sub) {
    const bool proxy = sub.name == "proxy";
    std::vector<absl::string_view> methods = {"get", "post"};
    if (proxy) methods = {"get", "put", "post", "delete", "options", "head", "patch"};
    for (const bool with_path : {false, true}) {
      if (with_path && !proxy) break;
      for (const absl::string_view method : methods) {
        Operation connect = Make(method,
                                 absl::StrCat("connect", middle_, Capitalized(method), infix_, resource.kind.kind,
                                              Capitalized(sub.name), with_path ? "WithPath" : ""),
                                 "connect",
                                 absl::StrCat("connect ", Capitalized(method), " requests to ", sub.name, " of ",
                                              resource.kind.kind));
        connect.media = Media::kAny;
        connect.responses = {{200, "string"}};
        std::vector<Parameter> parameters = {NameParameter(sub.kind.kind)};
        if (with_path) parameters.push_back(ProxyPathParameter());
        for (Parameter& option : OptionsParameters(sub.kind.kind)) parameters.push_back(std::move(option));
        Add(with_path ? path + "/{path}" : path, std::move(connect), std::move(parameters), namespaced_, false);
      }
    }
  }

  const discovery::GroupVersion& at_;
  const std::string root_, middle_, tag_;
  std::map<std::string, std::vector<Operation>> paths_;
  // Of the resource at hand:
  bool namespaced_ = false, custom_ = false;
  std::string definition_, infix_;
  GroupVersionKind kind_;
};

int MethodRank(const std::string& method) {
  constexpr absl::string_view kOrder[] = {"get", "put", "post", "delete", "options", "head", "patch"};
  return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), method) - std::begin(kOrder));
}

Path Single(std::string path, std::string id, std::string description, std::string tag, Media media,
            std::string definition) {
  Operation get;
  get.method = "get";
  get.id = std::move(id);
  get.description = std::move(description);
  get.tag = std::move(tag);
  get.media = media;
  get.responses = {{200, std::move(definition)}, {401, ""}};
  return {std::move(path), {std::move(get)}};
}

}  // namespace

std::vector<Path> GroupVersionPaths(const discovery::GroupVersion& at) {
  std::vector<Path> paths = Builder(at).Build();
  for (Path& path : paths) {
    std::stable_sort(path.operations.begin(), path.operations.end(), [](const Operation& a, const Operation& b) {
      return MethodRank(a.method) < MethodRank(b.method);
    });
  }
  return paths;
}

std::vector<Parameter> CommonParameters(const Path& path) {
  std::vector<Parameter> common = path.operations[0].parameters;
  for (const Operation& operation : path.operations) {
    std::vector<Parameter> both;
    for (const Parameter& parameter : common) {
      const auto& others = operation.parameters;
      if (std::find(others.begin(), others.end(), parameter) != others.end()) both.push_back(parameter);
    }
    common = std::move(both);
  }
  return common;
}

absl::string_view ResponseText(int code) {
  switch (code) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    default: return "Unauthorized";
  }
}

Path GroupPath(absl::string_view group) {
  return Single(absl::StrCat("/apis/", group, "/"), absl::StrCat("get", OperationGroup(group, ""), "APIGroup"),
                "get information of a group", Tag(group, ""), Media::kObject, absl::StrCat(kMeta, "APIGroup"));
}
Path CorePath() {
  return Single("/api/", "getCoreAPIVersions", "get available API versions", "core", Media::kObject,
                absl::StrCat(kMeta, "APIVersions"));
}
Path GroupsPath() {
  return Single("/apis/", "getAPIVersions", "get available API versions", "apis", Media::kObject,
                absl::StrCat(kMeta, "APIGroupList"));
}
Path VersionPath() {
  return Single("/version/", "getCodeVersion", "get the version information for this server", "version", Media::kJson,
                "io.k8s.apimachinery.pkg.version.Info");
}
Path KeySetPath() {
  return Single("/openid/v1/jwks/", "getServiceAccountIssuerOpenIDKeyset",
                "get the public keys that verify service account tokens, as a JSON Web Key Set", "openid",
                Media::kJwkSet, "string");
}
Path IssuerPath() {
  return Single("/.well-known/openid-configuration/", "getServiceAccountIssuerOpenIDConfiguration",
                "get the OpenID configuration of the service account issuer", "WellKnown", Media::kJson, "string");
}

}  // namespace apiserver::openapi
