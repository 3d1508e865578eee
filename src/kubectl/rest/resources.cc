#include "kubectl/rest/resources.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/kustomize/build.h"

namespace kubectl {
namespace {

bool IsManifest(const std::string& name) {
  return absl::EndsWith(name, ".json") || absl::EndsWith(name, ".yaml") ||
         absl::EndsWith(name, ".yml");
}

absl::Status ExpandPath(const std::string& path, bool recursive, bool top,
                        std::vector<std::string>* files) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return Error(absl::StrCat("the path \"", path, "\" does not exist"));
  if (!S_ISDIR(info.st_mode)) {
    files->push_back(path);
    return absl::OkStatus();
  }
  if (!top && !recursive) return absl::OkStatus();
  std::vector<std::string> names;
  if (DIR* dir = opendir(path.c_str()); dir != nullptr) {
    while (const dirent* entry = readdir(dir)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    closedir(dir);
  }
  std::sort(names.begin(), names.end());
  const std::string base = absl::EndsWith(path, "/") ? path : absl::StrCat(path, "/");
  for (const std::string& name : names) {
    const std::string child = absl::StrCat(base, name);
    if (stat(child.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      RETURN_IF_ERROR(ExpandPath(child, recursive, false, files));
    } else if (IsManifest(name)) {
      files->push_back(child);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Download(Factory& factory, const std::string& url) {
  const size_t slash = url.find('/', url.find("://") + 3);
  Connection connection;
  connection.server = url.substr(0, slash);
  RestClient client(connection, factory.io, static_cast<int>(factory.verbosity));
  Request request;
  request.path = slash == std::string::npos ? "/" : url.substr(slash);
  request.accept = "*/*";
  absl::StatusOr<Response> response = client.Do(request);
  if (!response.ok()) {
    if (!IsApiError(response.status())) return response.status();
    const int64_t code = ApiStatusOf(response.status()).GetInt("code");
    return Error(absl::StrCat("unable to read URL \"", url, "\", server reported ", code,
                              ", status code=", code));
  }
  return std::move(response->body);
}

// What a file alone tells of a kind.
ApiResource LocalResource(const std::string& api_version, const std::string& kind) {
  ApiResource resource;
  const size_t slash = api_version.find('/');
  if (slash != std::string::npos) resource.group = api_version.substr(0, slash);
  resource.version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  resource.kind = kind;
  resource.name = resource.singular = absl::AsciiStrToLower(kind);
  return resource;
}

absl::Status AddObject(Factory& factory, Value object, const std::string& source,
                       absl::string_view validation, bool local, std::vector<Info>* infos) {
  const std::string kind = object.is_object() ? object.GetString("kind") : "";
  const std::string api_version = object.is_object() ? object.GetString("apiVersion") : "";
  if (!object.is_object() && (validation == "Strict" || validation == "Warn")) {
    return Error(absl::StrCat("error validating \"", source, "\": error validating data: invalid object to validate; if you choose to "
                              "ignore these errors, turn validation off with --validate=false"));
  }
  if ((kind.empty() || api_version.empty()) && (validation == "Strict" || validation == "Warn")) {
    const absl::string_view what = !kind.empty()          ? "apiVersion not set"
                                   : !api_version.empty() ? "kind not set"
                                                          : "[apiVersion not set, kind not set]";
    return Error(absl::StrCat(
        "error validating \"", source, "\": error validating data: ", what,
        "; if you choose to ignore these errors, turn validation off with --validate=false"));
  }
  if (kind.empty()) {
    return Error(absl::StrCat("unable to decode \"", source, "\": Object 'Kind' is missing in '",
                              WriteJsonSorted(object), "'"));
  }
  if (object.Find("items") != nullptr && absl::EndsWith(kind, "List")) {
    for (const Value& item : object.GetArray("items"))
      RETURN_IF_ERROR(AddObject(factory, item, source, validation, local, infos));
    return absl::OkStatus();
  }
  if (api_version.empty()) {
    return Error(absl::StrCat("unable to decode \"", source,
                              "\": Object 'apiVersion' is missing in '", WriteJsonSorted(object),
                              "'"));
  }
  if (local) {
    Info info;
    info.resource = LocalResource(api_version, kind);
    info.name = object.GetString("metadata.name");
    info.ns = object.GetString("metadata.namespace");
    info.source = source;
    info.object = std::move(object);
    infos->push_back(std::move(info));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  absl::StatusOr<ApiResource> resource = discovery->ForKind(api_version, kind);
  if (!resource.ok()) {
    if (!absl::IsNotFound(resource.status())) return resource.status();
    return Error(absl::StrCat(
        "resource mapping not found for name: \"", object.GetString("metadata.name"),
        "\" namespace: \"", object.GetString("metadata.namespace"), "\" from \"", source,
        "\": ", resource.status().message(), "\nensure CRDs are installed first"));
  }
  Info info;
  info.resource = *std::move(resource);
  info.name = object.GetString("metadata.name");
  info.source = source;
  if (info.resource.namespaced) {
    ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
    info.ns = object.GetString("metadata.namespace");
    if (info.ns.empty()) {
      info.ns = connection->ns;
      object.Ensure("metadata").Set("namespace", info.ns);
    } else if (connection->ns_explicit && info.ns != connection->ns) {
      return Error(absl::StrCat("the namespace from the provided object \"", info.ns,
                                "\" does not match the namespace \"", connection->ns,
                                "\". You must pass '--namespace=", info.ns,
                                "' to perform this operation."));
    }
  }
  info.object = std::move(object);
  infos->push_back(std::move(info));
  return absl::OkStatus();
}

}  // namespace

std::string Info::KindSlashName() const {
  const std::string kind = absl::AsciiStrToLower(resource.kind);
  return resource.group.empty() ? absl::StrCat(kind, "/", name)
                                : absl::StrCat(kind, ".", resource.group, "/", name);
}

void AddFileFlags(FlagSet* flags, FileOptions* files, absl::string_view purpose) {
  flags->List(&files->filenames, "filename", "f", purpose);
  flags->String(&files->kustomize, "kustomize", "k",
                "A kustomization directory. Not together with -f or -R.");
  flags->Bool(&files->recursive, "recursive", "R",
              "Read the directories named by -f with everything below them.");
}

absl::StatusOr<std::vector<Info>> ReadFiles(Factory& factory, const FileOptions& files,
                                            absl::string_view validation,
                                            std::vector<absl::Status>* errors) {
  std::vector<Info> infos;
  const auto add = [&](Value document, const std::string& source) {
    const absl::Status status = AddObject(factory, std::move(document), source, validation, files.local, &infos);
    if (status.ok() || errors == nullptr) return status;
    const bool goes_on = absl::StartsWith(status.message(), "resource mapping not found") ||
                         absl::StartsWith(status.message(), "the namespace from the provided object");
    if (!goes_on) return status;
    errors->push_back(status);
    return absl::OkStatus();
  };
  if (!files.kustomize.empty()) {
    if (!files.filenames.empty()) return Error("only one of -f or -k can be specified");
    if (files.recursive) return Error("the -k flag can't be used with -f or -R");
    ASSIGN_OR_RETURN(std::vector<Value> objects,
                     kustomize::Build(files.kustomize, [&](const std::string& warning) {
                       factory.io.Err(warning + "\n");
                     }));
    for (Value& object : objects)
      RETURN_IF_ERROR(add(std::move(object), files.kustomize));
    return infos;
  }
  for (const std::string& name : files.filenames) {
    std::vector<std::string> paths;
    if (name == "-" || absl::StartsWith(name, "http://") || absl::StartsWith(name, "https://")) {
      paths.push_back(name);
    } else {
      RETURN_IF_ERROR(ExpandPath(name, files.recursive, true, &paths));
    }
    if (paths.empty())
      return Error(absl::StrCat("error reading [", name,
                                "]: recognized file extensions are [.json .yaml .yml]"));
    for (const std::string& path : paths) {
      std::string text, source = path;
      if (path == "-") {
        text = ReadAll(factory.io.in_fd);
        source = "STDIN";
      } else if (absl::StrContains(path, "://")) {
        ASSIGN_OR_RETURN(text, Download(factory, path));
      } else {
        ASSIGN_OR_RETURN(text, base::ReadFile(path));
      }
      absl::StatusOr<std::vector<Value>> documents = ParseDocuments(text);
      if (!documents.ok())
        return Error(absl::StrCat("error parsing ", source, ": ", documents.status().message()));
      for (Value& document : *documents) {
        const absl::Status status = add(std::move(document), source);
        if (status.ok()) continue;
        if (errors == nullptr) return status;
        errors->push_back(status);  // what stands before it in the file counts
        break;
      }
    }
  }
  return infos;
}

absl::Status ListError(const absl::Status& status, const ApiResource& resource,
                       const Selection& selection) {
  if (!ApiNotFound(status) && ApiReason(status) != "BadRequest") return status;
  const std::string what =
      absl::StrCat("\"", resource.group, "/", resource.version, ", Resource=", resource.name, "\"");
  if (selection.selector.empty() && selection.field_selector.empty())
    return AddContext(status, absl::StrCat("Unable to list ", what, ": "));
  return AddContext(status, absl::StrCat("Unable to find ", what, " that match label selector \"",
                                         selection.selector, "\", field selector \"",
                                         selection.field_selector, "\": "));
}

std::string SelectorQuery(const Selection& selection) {
  std::string query;
  if (!selection.field_selector.empty())
    absl::StrAppend(&query, "fieldSelector=", UrlEscape(selection.field_selector));
  if (!selection.selector.empty()) {
    absl::StrAppend(&query, query.empty() ? "" : "&",
                    "labelSelector=", UrlEscape(selection.selector));
  }
  return query;
}

absl::StatusOr<std::vector<Info>> ResolveArgs(Factory& factory, const Selection& selection,
                                              bool* single) {
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  const std::vector<std::string>& args = selection.args;
  const bool selects = !selection.selector.empty() || !selection.field_selector.empty() ||
                       selection.select_all_param;
  std::vector<Info> infos;
  const auto add = [&](const ApiResource& resource, const std::string& name) {
    infos.push_back(
        {resource, resource.namespaced && !selection.all_namespaces ? connection->ns : "", name});
  };
  size_t with_slash = 0;
  for (const std::string& arg : args) with_slash += absl::StrContains(arg, '/');
  if (single != nullptr) *single = false;
  if (with_slash > 0) {
    if (with_slash != args.size()) {
      return Error(absl::StrCat(
          "there is no need to specify a resource type as a separate argument when passing "
          "arguments "
          "in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl "
          "get resource resource/<resource_name>'"));
    }
    for (const std::string& arg : args) {
      const std::vector<std::string> parts = absl::StrSplit(arg, '/');
      if (parts.size() != 2)
        return Error("arguments in resource/name form may not have more than one slash");
      if (parts[0].empty() || parts[1].empty() || absl::StrContains(parts[0], ',')) {
        return Error("arguments in resource/name form must have a single resource and name");
      }
      ASSIGN_OR_RETURN(const ApiResource resource, discovery->ForArgument(parts[0]));
      add(resource, parts[1]);
    }
    if (selection.all_namespaces)
      return Error("a resource cannot be retrieved by name across all namespaces");
    if (!selection.selector.empty())
      return Error(
          "selectors and the all flag cannot be used when passing resource/name arguments");
    if (single != nullptr) *single = infos.size() == 1;
    return infos;
  }
  std::vector<std::string> types;
  for (size_t i = 1; i < args.size(); ++i) {
    if (args[i].empty()) return Error("resource name may not be empty");
  }
  for (const absl::string_view word : absl::StrSplit(args[0], ',')) {
    if (word.empty()) return Error("the server doesn't have a resource type \"\"");
    const std::string type(word);
    ASSIGN_OR_RETURN(std::vector<std::string> members, discovery->Category(type));
    if (members.empty()) members.push_back(type);
    for (std::string& member : members) {
      if (std::find(types.begin(), types.end(), member) == types.end())
        types.push_back(std::move(member));
    }
  }
  std::vector<ApiResource> resources;
  for (const std::string& type : types) {
    ASSIGN_OR_RETURN(ApiResource resource, discovery->ForArgument(type));
    resources.push_back(std::move(resource));
  }
  if (args.size() > 1) {
    if (selects) {
      if (!selection.selector.empty() || selection.select_all_param)
        return Error("name cannot be provided when a selector is specified");
      return Error("field selectors and names may not be used together");
    }
    if (selection.all_namespaces)
      return Error("a resource cannot be retrieved by name across all namespaces");
    if (selection.single_type && resources.size() > 1)
      return Error("you may only specify a single resource type");
    for (const ApiResource& resource : resources) {
      for (size_t i = 1; i < args.size(); ++i) add(resource, args[i]);
    }
    if (single != nullptr) *single = infos.size() == 1;
    return infos;
  }
  if (!selects && !selection.all)
    return Error("resource(s) were provided, but no name was specified");
  if (selection.single_type && resources.size() > 1)
    return Error("you may only specify a single resource type");
  for (const ApiResource& resource : resources) add(resource, "");
  return infos;
}

absl::Status ListPages(RestClient& client, const std::string& path, const std::string& query,
                       const std::string& accept, int64_t chunk_size,
                       const std::function<absl::Status(Value page)>& page) {
  std::string next;
  do {
    Request request;
    request.accept = accept;
    std::vector<std::string> parameters;
    if (!query.empty()) parameters.push_back(query);
    if (chunk_size > 0) parameters.push_back(absl::StrCat("limit=", chunk_size));
    if (!next.empty()) parameters.push_back(absl::StrCat("continue=", UrlEscape(next)));
    request.path = path;
    for (size_t i = 0; i < parameters.size(); ++i)
      absl::StrAppend(&request.path, i == 0 ? "?" : "&", parameters[i]);
    ASSIGN_OR_RETURN(Value answer, client.Json(request));
    next = answer.GetString("metadata.continue");
    RETURN_IF_ERROR(page(std::move(answer)));
  } while (!next.empty());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Value>> ListItems(RestClient& client, const std::string& path,
                                             const std::string& query, int64_t chunk_size) {
  std::vector<Value> items;
  RETURN_IF_ERROR(ListPages(client, path, query, "application/json", chunk_size, [&](Value page) {
    std::string kind = page.GetString("kind");
    if (absl::EndsWith(kind, "List")) kind.resize(kind.size() - 4);
    const std::string api_version = page.GetString("apiVersion");
    if (Value* list = page.Find("items"); list != nullptr && list->is_array()) {
      for (Value& item : list->array()) {
        if (!item.Has("kind")) item.Set("kind", kind);
        if (!item.Has("apiVersion")) item.Set("apiVersion", api_version);
        items.push_back(std::move(item));
      }
    }
    return absl::OkStatus();
  }));
  return items;
}

absl::StatusOr<std::vector<Info>> FetchObjects(Factory& factory, const Selection& selection,
                                               std::vector<absl::Status>* errors, bool* single) {
  std::vector<Info> wanted;
  if (!selection.files.empty()) {
    ASSIGN_OR_RETURN(wanted, ReadFiles(factory, selection.files, "", errors));
    if (single != nullptr) *single = wanted.size() == 1;
  } else {
    ASSIGN_OR_RETURN(wanted, ResolveArgs(factory, selection, single));
  }
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  std::vector<Info> found;
  for (Info& info : wanted) {
    absl::Status failed;
    if (!info.name.empty()) {
      absl::StatusOr<Value> object = client->Get(info.Path(selection.subresource));
      if (object.ok()) {
        info.object = *std::move(object);
        found.push_back(std::move(info));
      } else {
        failed = object.status();
      }
    } else {
      absl::StatusOr<std::vector<Value>> items =
          ListItems(*client, info.Path(), SelectorQuery(selection), selection.chunk_size);
      if (items.ok()) {
        for (Value& item : *items) {
          found.push_back({info.resource, item.GetString("metadata.namespace"),
                           item.GetString("metadata.name"), "", std::move(item)});
        }
      } else {
        failed = ListError(items.status(), info.resource, selection);
      }
    }
    if (failed.ok()) continue;
    if (errors == nullptr) return failed;
    errors->push_back(failed);
  }
  return found;
}

}  // namespace kubectl
