// Inside authorization: what rules say.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apiserver/auth/authorizer.h"

namespace apiserver::auth {

std::vector<PolicyRule> RulesOf(const apimachinery::Value& role);
bool Allows(const PolicyRule& rule, const pipeline::RequestInfo& request);
// The rules nobody may grant, a line each, verbs of one resource together.
std::string DescribeMissing(const std::vector<PolicyRule>& missing);

// Allows what RBAC objects say. Compiles them when they have changed.
class RbacAuthorizer {
 public:
  explicit RbacAuthorizer(const ObjectReader& reader);
  ~RbacAuthorizer();
  Decision Authorize(const Attributes& attributes) const;
  std::vector<PolicyRule> RulesFor(const UserInfo& user, absl::string_view ns, std::vector<std::string>* errors) const;
  // The rules a roleRef stands for. False: `error` says why.
  bool RulesOfReference(const apimachinery::Value& role_ref, absl::string_view ns, std::vector<PolicyRule>* rules,
                        std::string* error) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Allows a node what the pods bound to it need.
class NodeAuthorizer {
 public:
  explicit NodeAuthorizer(const ObjectReader& reader);
  Decision Authorize(const Attributes& attributes) const;

 private:
  bool Related(absl::string_view node, absl::string_view resource, absl::string_view ns, absl::string_view name) const;
  Decision AllowRelated(absl::string_view node, const pipeline::RequestInfo& request) const;

  const ObjectReader& reader_;
  const std::vector<PolicyRule> rules_;  // of every node alike
};

// True for members of system:nodes named system:node:NAME; `node` gets NAME.
bool IsNode(const UserInfo& user, std::string* node);

}  // namespace apiserver::auth
