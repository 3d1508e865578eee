// CEL, the expression language of Kubernetes' validation rules and policies: compile once, evaluate often.
//
//   Env env;
//   env.Declare(self_type);                       // DeclTypePtr of a schema, see decl_type.h
//   env.Variable("self", self_type->type);
//   absl::StatusOr<Program> program = Compile("self.replicas <= self.max", env);   // the error says what upstream says
//   CostEstimate worst = program->EstimateCost(self_type.get());
//   Outcome out = program->Evaluate({{"self", TypedView(tree, *self_type)}}, kPerCallLimit);
//
// The environment holds what Kubernetes 1.35 enables: the standard library, optional types, cross-type comparisons, two-variable
// comprehensions and the libraries strings, sets, lists, regex, url, quantity, ip, cidr, format, semver and authorizer.
// Pure; a Program is immutable and may be evaluated by many threads.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/cel/decl_type.h"
#include "apimachinery/cel/type.h"
#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

// Upstream's budgets (k8s.io/apiserver/pkg/apis/cel).
constexpr uint64_t kPerCallLimit = 1'000'000;                      // one evaluation of one expression
constexpr uint64_t kRuntimeBudget = 10'000'000;                    // all rules of one custom resource, a policy's validations
constexpr uint64_t kMatchConditionsBudget = 2'500'000;             // all match conditions of one webhook
constexpr uint64_t kEstimatedRuleLimit = 10'000'000;               // one rule of a CRD, estimated
constexpr uint64_t kEstimatedCrdLimit = 100'000'000;               // all rules of a CRD, estimated
constexpr int64_t kMaxRequestBytes = 3 * 1024 * 1024;
constexpr char kOverBudget[] = "operation cancelled: actual cost limit exceeded";

// What an expression may mention besides the libraries. Regular value type.
class Env {
 public:
  void Variable(absl::string_view name, TypePtr type) { variables_[std::string(name)] = std::move(type); }
  // Makes the type and all that it is made of known by name.
  void Declare(const DeclTypePtr& type);
  // A struct without a schema of its own: `fields` by name.
  void Struct(absl::string_view name, std::map<std::string, TypePtr> fields);
  // The macro cel.bind(name, value, expression); most environments do without it.
  void EnableBindings() { bindings_ = true; }
  // --- for the checker
  const TypePtr* FindVariable(absl::string_view name) const;
  bool bindings() const { return bindings_; }
  bool has_structs() const { return !structs_.empty(); }
  bool HasStruct(absl::string_view name) const { return structs_.count(std::string(name)) != 0; }
  const TypePtr* FindField(absl::string_view type, absl::string_view field) const;
  // The library JSONPatch and object construction of mutating policies are not part of 1.35's stable API.

 private:
  bool bindings_ = false;
  std::map<std::string, TypePtr> variables_;
  std::map<std::string, std::map<std::string, TypePtr>> structs_;
};

struct CostEstimate {
  uint64_t min = 0, max = 0;
};

// What an evaluation gave. `error` is empty when there is a value.
struct Outcome {
  Val value;
  std::string error;
  uint64_t cost = 0;
  bool over_budget = false;  // `error` is kOverBudget

  bool ok() const { return error.empty(); }
};

using Bindings = std::vector<std::pair<absl::string_view, Val>>;
// Values of variables that are dear to make: asked for at most once an evaluation. Answers false when there is no such.
using Resolver = absl::FunctionRef<bool(absl::string_view name, Val* value)>;

class Program {
 public:
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  const TypePtr& output_type() const;
  // Does the expression mention the variable (or a function whose name this is)?
  bool Mentions(absl::string_view name) const;
  // The most it can cost by the declared sizes below the variable whose type `root` is (any variable: paths start behind
  // it). nullptr: nothing is known of sizes.
  CostEstimate EstimateCost(const DeclType* root) const;
  // Ends with kOverBudget when it costs more than `limit`.
  Outcome Evaluate(const Bindings& bindings, uint64_t limit) const;
  Outcome Evaluate(Resolver resolver, uint64_t limit) const;

 private:
  friend absl::StatusOr<Program> Compile(absl::string_view, const Env&, TypePtr*);
  struct Impl;
  explicit Program(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

// InvalidArgument with upstream's text: one or more of "ERROR: <input>:1:5: undeclared reference to 'x' (in container '')\n
// | self.x\n | ....^". A program that cannot be built although it checks (`int('a')`) is FailedPrecondition.
// `type`, where asked for: that of what checks, even when no program can be built.
absl::StatusOr<Program> Compile(absl::string_view expression, const Env& env, TypePtr* type = nullptr);

}  // namespace apimachinery::cel
