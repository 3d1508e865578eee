// ValidatingAdmissionPolicies ready to be evaluated: what was read of the objects, compiled once per version.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apiserver/admission/expression_input.h"
#include "apiserver/admission/match_rules.h"

namespace apiserver::admission {

struct ParamKind {
  std::string api_version, kind;
};

struct Validation {
  Validation(Expression expression, std::string message, std::string reason, std::unique_ptr<Expression> message_expression)
      : expression(std::move(expression)), message(std::move(message)), reason(std::move(reason)),
        message_expression(std::move(message_expression)) {}
  Expression expression;
  std::string message, reason;
  std::unique_ptr<Expression> message_expression;  // nullptr: none
};

struct AuditAnnotation {
  std::string key;
  Expression value;
};

// Immutable.
struct ValidatingPolicy {
  explicit ValidatingPolicy(const Value& object);

  const std::string name, version;  // resourceVersion
  const bool fail_closed;
  const Matcher matcher;
  std::unique_ptr<ParamKind> param_kind;  // nullptr: no parameters
  std::vector<std::unique_ptr<Variable>> variables;
  std::vector<std::unique_ptr<Variable>> match_conditions;
  std::vector<std::unique_ptr<Validation>> validations;
  std::vector<std::unique_ptr<AuditAnnotation>> audit_annotations;
};

struct PolicyBinding {
  explicit PolicyBinding(pipeline::ObjectPtr object);

  const pipeline::ObjectPtr object;
  const std::string name, policy;
  const Matcher matcher;
  const Value* param_ref;  // nullptr: none
  std::vector<std::string> actions;
};

struct BoundPolicy {
  std::shared_ptr<const ValidatingPolicy> policy;
  std::vector<std::shared_ptr<const PolicyBinding>> bindings;
};

// Keeps up with the stored policies. Thread-safe.
class PolicyStore {
 public:
  explicit PolicyStore(const pipeline::ObjectReader& reader) : reader_(reader) {}
  // Policies with at least one binding, by name.
  std::shared_ptr<const std::vector<BoundPolicy>> Current();

 private:
  const pipeline::ObjectReader& reader_;
  std::mutex mu_;
  std::shared_ptr<const std::vector<BoundPolicy>> current_;  // guarded by mu_
  uint64_t policies_ = 0, bindings_ = 0;                     // generations that current_ shows
};

}  // namespace apiserver::admission
