// Decides whether a user may do what a request asks for: system:masters, Node, RBAC, in that order of cost.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"
#include "apiserver/auth/authenticator.h"

namespace apiserver {

namespace auth {

// What is asked for: pipeline::RequestInfo holds verb, group, resource, namespace, name or path.
struct Attributes {
  const UserInfo& user;
  const pipeline::RequestInfo& request;
};

struct Decision {
  enum class Kind { kAllow, kDeny, kNoOpinion };
  Kind kind = Kind::kNoOpinion;
  std::string reason;
  std::string error;  // what went wrong on the way; the decision stands all the same
  bool allowed() const { return kind == Kind::kAllow; }
};

// Rules as SelfSubjectRulesReview and escalation checks see them.
struct PolicyRule {
  std::vector<std::string> verbs, api_groups, resources, resource_names, non_resource_urls;
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};
PolicyRule RuleOf(const apimachinery::Value& rule);
apimachinery::Value ValueOf(const PolicyRule& rule);

// Thread-safe.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Decision Authorize(const Attributes& attributes) const = 0;
  // Whether a decision may have to wait for somebody else.
  virtual bool waits() const { return false; }
  // Every rule that applies to the user in the namespace (empty: cluster-wide ones only). `errors` gets the texts
  // of role references that lead nowhere.
  virtual std::vector<PolicyRule> RulesFor(const UserInfo& user, absl::string_view ns,
                                           std::vector<std::string>* errors) const = 0;
};

// A mode that is decided elsewhere. Thread-safe; may take as long as a call does.
class ForeignMode {
 public:
  virtual ~ForeignMode() = default;
  virtual Decision Authorize(const Attributes& attributes) const = 0;
};

struct Mode {
  std::string type;  // Node, RBAC, AlwaysAllow, AlwaysDeny, Webhook
  std::string name;
  std::shared_ptr<const ForeignMode> foreign;  // of Webhook
};
std::unique_ptr<Authorizer> NewAuthorizer(std::vector<Mode> modes, const ObjectReader& reader);

// `modes` as in --authorization-mode: Node, RBAC, AlwaysAllow, AlwaysDeny; system:masters is always allowed.
// `reader` must outlive the result.
std::unique_ptr<Authorizer> NewAuthorizer(absl::Span<const std::string> modes, const ObjectReader& reader);

// The message of the 403 answer, without the reason's prefix:
// `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"`.
std::string ForbiddenMessage(const Attributes& attributes, absl::string_view reason);

// The first "no" when `user` wants to act as `wanted`: empty when it may, else the whole 403 message.
std::string CheckImpersonation(const Authorizer& authorizer, const UserInfo& user, const UserInfo& wanted);

// Nobody may grant what they do not hold. Called for create and update of roles and role bindings (`kind` Role,
// ClusterRole, RoleBinding, ClusterRoleBinding); `old` is nullptr on create. Forbidden, or NotFound for a binding to no
// role, as ApiStatus.
absl::Status CheckEscalation(const Authorizer& authorizer, const ObjectReader& reader, const UserInfo& user,
                             absl::string_view kind, absl::string_view ns, const apimachinery::Value& wanted,
                             const apimachinery::Value* old);

// The rules of every ClusterRole that the aggregationRule selects, in the order of names.
apimachinery::Value AggregatedRules(const apimachinery::Value& cluster_role, const ObjectReader& reader);

// True when `owner` together covers `wanted`; `missing` gets what it does not.
bool Covers(absl::Span<const PolicyRule> owner, absl::Span<const PolicyRule> wanted, std::vector<PolicyRule>* missing);

}  // namespace auth
}  // namespace apiserver
