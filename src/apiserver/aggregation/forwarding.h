// Carries one request to the server of an APIService.
#pragma once
#include <memory>
#include <string>

#include "apiserver/aggregation/api_service.h"
#include "apiserver/http/extensions.h"
#include "base/http/client.h"

namespace apiserver::aggregation {

// An APIService as requests need it. Immutable.
struct Target {
  ApiService service;
  std::shared_ptr<const base::http::ClientTls> tls;
  std::string problem;  // why there is no `tls`
};

// Answers what upstream's proxy answers where nothing can be sent.
void RefuseForwarding(http::ExtensionRequest& request, int status, absl::string_view text);
// `client` must outlive the exchange. Does not block.
void ForwardTo(const Target& target, const Endpoint& endpoint, bool reject_redirects, base::http::Client& client,
               http::ExtensionRequest request);

}  // namespace apiserver::aggregation
