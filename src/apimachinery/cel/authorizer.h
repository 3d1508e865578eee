// The variables `authorizer` and `authorizer.requestResource`: permission checks inside expressions.
#pragma once
#include <memory>
#include <string>

#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

// What a check asks; for paths only `path` and `verb` count.
struct AuthorizationQuestion {
  bool resource_request = true;
  std::string path, verb, group, resource, subresource, ns, name, field_selector, label_selector;
  // The service account asked for with authorizer.serviceAccount(); empty: the user of the request.
  std::string service_account_namespace, service_account_name;
};

struct AuthorizationAnswer {
  bool allowed = false;
  std::string reason, error;
};

class AuthorizationOracle {
 public:
  virtual ~AuthorizationOracle() = default;
  virtual AuthorizationAnswer Ask(const AuthorizationQuestion& question) const = 0;
};

// `oracle` outlives the values.
Val AuthorizerValue(const AuthorizationOracle& oracle);
// The resource of the request, ready to be checked.
Val ResourceCheckValue(const AuthorizationOracle& oracle, AuthorizationQuestion question);

const TypePtr& AuthorizerType();     // kubernetes.authorization.Authorizer
const TypePtr& ResourceCheckType();  // kubernetes.authorization.ResourceCheck

}  // namespace apimachinery::cel
