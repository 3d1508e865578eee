// API servers behind APIServices, as the REST door sees them: implemented by apiserver/aggregation.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/pipeline/request.h"
#include "base/http/server.h"

namespace apiserver::http {

// What all APIServices say, and what is known of the servers behind some. Immutable.
struct ExtensionsSnapshot {
  std::vector<discovery::ListedVersion> listed;  // of every APIService
  std::vector<discovery::RemoteVersion> remote;
  std::map<std::string, std::string> documents;  // OpenAPI v3: "apis/G/V" → where it is, with its hash
  std::vector<std::shared_ptr<const apimachinery::Value>> documents_v2;  // in the order in which they are merged
};

// A request on its way to another server. It has been authorized.
struct ExtensionRequest {
  const pipeline::RequestContext& context;
  base::http::Request request;
  base::http::Headers more;  // of every answer
  std::unique_ptr<base::http::ResponseWriter> writer;
  std::function<void(base::http::ResponseWriter&, const absl::Status&)> fail;  // answers a Status
};

// Thread-safe.
class Extensions {
 public:
  virtual ~Extensions() = default;
  virtual std::shared_ptr<const ExtensionsSnapshot> snapshot() const = 0;  // another one when something changed
  // Whether the path is of a group version, or its OpenAPI v3 document, that another server has.
  virtual bool Takes(absl::string_view path) const = 0;
  virtual void Forward(ExtensionRequest request) = 0;  // REQUIRES: Takes. Does not block.
};

}  // namespace apiserver::http
