// The operations of the API as plain data, before they are written as OpenAPI v2 or v3. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::openapi {

struct Parameter {
  std::string name;
  bool in_path = false;  // else a query parameter
  std::string type;      // "string", "boolean", "integer"
  std::string description;
  std::string origin;    // the options kind it is a member of, empty for name, namespace, pretty and path

  friend bool operator==(const Parameter&, const Parameter&) = default;
};

struct Response {
  int code = 200;
  std::string definition;  // full name; "string" for plain text, empty for none
};

// What an operation answers with.
enum class Media { kObject, kList, kText, kAny, kJson, kJwkSet, kCustom };  // kCustom: of custom resources, never protobuf

struct Operation {
  std::string method;  // "get"
  std::string id;
  std::string description;
  std::string tag;
  std::string action;  // "list", "connect"; empty for discovery
  discovery::GroupVersionKind kind;
  std::vector<Parameter> parameters;  // sorted by name
  std::string body;                   // definition of the request body, empty for none
  bool body_required = false;
  Media media = Media::kObject;
  std::vector<Response> responses;
};

struct Path {
  std::string path;
  std::vector<Operation> operations;  // get, put, post, delete, options, head, patch
};

// Paths of a group version, sorted: /api/v1/..., /apis/apps/v1/...
std::vector<Path> GroupVersionPaths(const discovery::GroupVersion& at);
// Parameters that all operations of a path have; documents write them once, at the path.
std::vector<Parameter> CommonParameters(const Path& path);
absl::string_view ResponseText(int code);  // "OK", "Created", ...

Path GroupPath(absl::string_view group);  // /apis/apps/
Path CorePath();                          // /api/
Path GroupsPath();                        // /apis/
Path VersionPath();
Path KeySetPath();
Path IssuerPath();

}  // namespace apiserver::openapi
