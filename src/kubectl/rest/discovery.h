// What the server serves: resources by name, short name, kind or category. One aggregated answer
// for /api and one for /apis, kept on disk for six hours; a name we do not find is looked for once
// more on the server.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kubectl/rest/client.h"

namespace kubectl {

struct ApiResource {
  std::string group, version;
  std::string name;  // plural
  std::string singular, kind;
  bool namespaced = false;
  bool preferred = false;  // this version is the group's preferred one
  std::vector<std::string> verbs, short_names, categories, subresources;

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  std::string QualifiedName() const {
    return group.empty() ? name : name + "." + group;
  }  // deployments.apps
  bool HasVerb(absl::string_view verb) const;
  // /api/v1/namespaces/NS/pods/NAME/SUB; namespace, name and sub may be empty.
  std::string Path(absl::string_view ns, absl::string_view object = "",
                   absl::string_view sub = "") const;
};

struct ApiGroup {
  std::string name;
  std::vector<std::string> versions;  // in the server's order, preferred first
};

class Discovery {
 public:
  // `cache_file` empty: no cache on disk.
  Discovery(RestClient* client, std::string cache_file)
      : client_(client), cache_file_(std::move(cache_file)) {}

  absl::StatusOr<const std::vector<ApiResource>*> Resources();
  absl::StatusOr<std::vector<ApiGroup>> Groups();

  // "pods", "po", "Pod", "deployments.apps", "deployments.v1.apps".
  // `the server doesn't have a resource type "foo"` otherwise.
  absl::StatusOr<ApiResource> ForArgument(const std::string& argument);
  // NotFound `no matches for kind "Foo" in version "v1"`.
  absl::StatusOr<ApiResource> ForKind(const std::string& api_version, const std::string& kind);
  absl::StatusOr<ApiResource> ForGroupKind(const std::string& group, const std::string& kind);
  // Names of the resources in a category ("all"); empty when there is none.
  absl::StatusOr<std::vector<std::string>> Category(const std::string& name);

  void Invalidate();  // the next question goes to the server

 private:
  absl::Status Load(bool fresh);
  absl::Status Fetch();
  absl::Status FetchLegacy();
  void AddDocument(const Value& document);
  const ApiResource* FindArgument(const std::string& argument) const;
  const ApiResource* FindKind(const std::string& group, const std::string& version,
                              const std::string& kind) const;

  RestClient* const client_;
  const std::string cache_file_;
  bool loaded_ = false, fresh_ = false;
  std::vector<ApiResource> resources_;
};

// The pure parts, for tests.
std::string EncodeResources(const std::vector<ApiResource>& resources);
std::vector<ApiResource> DecodeResources(absl::string_view text);

}  // namespace kubectl
