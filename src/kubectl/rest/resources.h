// From what a person typed (types, names, files) to objects: the first half of nearly every verb.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

// One object, or one list to fetch when `name` is empty.
struct Info {
  ApiResource resource;
  std::string ns, name;
  std::string source;  // the file it came from
  Value object;

  std::string Path(absl::string_view sub = "") const { return resource.Path(ns, name, sub); }
  std::string KindSlashName() const;  // deployment.apps/web
};

struct FileOptions {
  std::vector<std::string> filenames;
  std::string kustomize;
  bool recursive = false;
  bool local = false;  // no server is asked: kinds are what the files say, namespaces stay as they are
  bool empty() const { return filenames.empty() && kustomize.empty(); }
};

struct Selection {
  std::vector<std::string> args;
  FileOptions files;
  std::string selector, field_selector;
  bool all_namespaces = false;
  bool all = false;               // types without names mean every object of the type
  bool select_all_param = false;  // the verb has --all and it was given
  bool single_type = false;       // several types in one call are an error
  int64_t chunk_size = 500;
  bool continue_on_error = true;
  std::string subresource;
};

// What `args` name: types (name empty) or objects. Kinds are resolved, nothing is fetched.
// `*single` (may be nullptr) tells whether one object was named.
absl::StatusOr<std::vector<Info>> ResolveArgs(Factory& factory, const Selection& selection,
                                              bool* single);

// Objects of files, namespaces filled in, lists flattened.
// A verb that sends them names its field validation (Strict, Warn), which words what is said of an
// object without kind.
// With `errors`, objects of kinds that the server does not have are told there and the others are answered; an object that
// is wrong in itself ends its file.
absl::StatusOr<std::vector<Info>> ReadFiles(Factory& factory, const FileOptions& files,
                                            absl::string_view validation = "",
                                            std::vector<absl::Status>* errors = nullptr);

// ReadFiles or ResolveArgs, then the objects as the server has them; types are expanded to their
// objects. Failures of single objects go to `errors` when it is given, and the rest is still
// answered.
absl::StatusOr<std::vector<Info>> FetchObjects(Factory& factory, const Selection& selection,
                                               std::vector<absl::Status>* errors = nullptr,
                                               bool* single = nullptr);

// All pages of a list: calls `page` with each.
absl::Status ListPages(RestClient& client, const std::string& path, const std::string& query,
                       const std::string& accept, int64_t chunk_size,
                       const std::function<absl::Status(Value page)>& page);
// The items of all pages with apiVersion and kind set. `list` receives the first page's metadata
// when not null.
absl::StatusOr<std::vector<Value>> ListItems(RestClient& client, const std::string& path,
                                             const std::string& query, int64_t chunk_size = 500);

// A refused list, told as kubectl tells it: "Unable to list ...", "Unable to find ... that match
// label selector ...".
absl::Status ListError(const absl::Status& status, const ApiResource& resource,
                       const Selection& selection);
std::string SelectorQuery(
    const Selection& selection);  // "labelSelector=...&fieldSelector=..." or empty

void AddFileFlags(FlagSet* flags, FileOptions* files, absl::string_view purpose);

}  // namespace kubectl
