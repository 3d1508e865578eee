// What the expressions of one write see, and the budget they share.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/cel/authorizer.h"
#include "apimachinery/cel/cel.h"
#include "apiserver/admission/admission.h"

namespace apiserver::admission {

// An expression as compiled when its policy was read: a program, or why there is none.
struct Expression {
  Expression(std::string text, absl::StatusOr<apimachinery::cel::Program> program)
      : text(std::move(text)), program(std::move(program)) {}
  std::string text;
  absl::StatusOr<apimachinery::cel::Program> program;
};

struct Variable {
  std::string name;
  Expression expression;
};

// Asks the server's own authorizer, for the user of the request or for a service account.
class Oracle final : public apimachinery::cel::AuthorizationOracle {
 public:
  Oracle(const Attributes& attributes, const auth::Authorizer* authorizer)
      : attributes_(attributes), authorizer_(authorizer) {}
  apimachinery::cel::AuthorizationAnswer Ask(const apimachinery::cel::AuthorizationQuestion& question) const override;
  apimachinery::cel::AuthorizationQuestion RequestResource() const;

 private:
  const Attributes& attributes_;
  const auth::Authorizer* authorizer_;
};

// One policy (with one parameter object) or webhook looking at one write. Trees are views: everything given must
// outlive it. One thread.
class ExpressionInput {
 public:
  struct Parts {
    const Value* object = nullptr;            // nullptr: null
    const Value* old_object = nullptr;
    const Value* request = nullptr;
    const Value* namespace_object = nullptr;
    const Value* params = nullptr;
    const std::vector<std::unique_ptr<Variable>>* variables = nullptr;
    const Oracle* oracle = nullptr;
  };

  explicit ExpressionInput(const Parts& parts);
  ~ExpressionInput();

  void SetBudget(uint64_t units) { budget_ = units; }
  uint64_t budget() const { return budget_; }

  // A value; or InvalidArgument ("expression 'x' resulted in error: no such key: y"); or ResourceExhausted: the budget is
  // spent and nothing more is to be evaluated.
  absl::StatusOr<apimachinery::cel::Val> Evaluate(const Expression& expression);

 private:
  class Variables;
  bool Resolve(absl::string_view name, apimachinery::cel::Val* value);

  const Parts parts_;
  uint64_t budget_ = 0;
  uint64_t variables_cost_ = 0;
  std::shared_ptr<Variables> variables_;
};

// Match conditions: true when all hold. Errors only when none is false.
absl::StatusOr<bool> AllHold(const std::vector<std::unique_ptr<Variable>>& conditions, ExpressionInput& input);

}  // namespace apiserver::admission
