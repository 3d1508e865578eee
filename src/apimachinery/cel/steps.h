// A checked expression as a tree of steps that compute it. Immutable once planned; any number of evaluations at once.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/cel.h"
#include "apimachinery/cel/function.h"

namespace apimachinery::cel {

class Step;
using StepPtr = std::unique_ptr<Step>;

// One evaluation under way.
struct Frame {
  // A variable of a comprehension. Accumulators are computed when they are first asked for.
  struct Slot {
    Val value;
    const Step* init = nullptr;  // not computed yet
    bool grows = false;          // lists and maps that start empty are built in place
  };

  Frame(Resolver resolver, uint64_t limit, size_t slots) : resolver(resolver), limit(limit), locals(slots) {}

  void Charge(uint64_t units) {
    cost += units;
    if (cost > limit) cancelled = true;
  }

  // Ends the evaluation where upstream's ends in a panic: nothing around it can make up for it.
  Val Crash(absl::string_view what) {
    cancelled = true;
    crash = absl::StrCat("internal error: ", what);
    return Val::Error(crash);
  }

  Resolver resolver;
  const uint64_t limit;
  uint64_t cost = 0;
  bool cancelled = false;  // over the limit, or crashed: whatever comes out does not count
  std::string crash;       // what upstream's evaluator panics with
  std::vector<Slot> locals;
  std::vector<std::pair<absl::string_view, Val>> resolved;  // variables asked for so far
};

class Step {
 public:
  virtual ~Step() = default;
  virtual Val Eval(Frame& frame) const = 0;
  // The value when it is known beforehand.
  virtual const Val* constant() const { return nullptr; }
};

struct Plan {
  StepPtr root;
  size_t slots = 0;
};

// FailedPrecondition: an operation on constants that cannot work (`int('a')`).
absl::StatusOr<Plan> MakePlan(const Ast& ast);

// ---- the kinds of steps

StepPtr ConstantStep(Val value);

// a.b[c]: a variable, or the value of another step, and what is selected of it. Costs as upstream's attributes do.
class Attribute final : public Step {
 public:
  struct Qualifier {
    Val key;                            // when `step` is nullptr
    std::unique_ptr<Step> step;
    std::shared_ptr<Attribute> attribute;  // an index that is an attribute: resolved, not evaluated
    bool optional = false;
    bool test_only = false;             // has()
  };

  static std::shared_ptr<Attribute> OfVariable(std::string name);
  static std::shared_ptr<Attribute> OfLocal(size_t slot);
  static std::shared_ptr<Attribute> OfStep(StepPtr operand);
  static std::shared_ptr<Attribute> Conditional(StepPtr condition, std::shared_ptr<Attribute> yes,
                                                std::shared_ptr<Attribute> no);

  void Add(std::shared_ptr<const Qualifier> qualifier);
  bool is_test() const { return is_test_; }

  Val Eval(Frame& frame) const override;
  Val Resolve(Frame& frame) const;  // without what the attribute itself costs

 private:
  enum class Base : uint8_t { kVariable, kLocal, kStep, kConditional };
  Val BaseValue(Frame& frame) const;

  Base base_ = Base::kVariable;
  std::string name_;
  size_t slot_ = 0;
  StepPtr step_;  // operand or condition
  std::shared_ptr<Attribute> yes_, no_;
  std::vector<std::shared_ptr<const Qualifier>> qualifiers_;
  bool is_test_ = false;
};

// Shares an attribute between a tree of steps and those that add to it while planning.
class AttributeStep final : public Step {
 public:
  explicit AttributeStep(std::shared_ptr<Attribute> attribute) : attribute_(std::move(attribute)) {}
  Val Eval(Frame& frame) const override { return attribute_->Eval(frame); }
  const std::shared_ptr<Attribute>& attribute() const { return attribute_; }

 private:
  const std::shared_ptr<Attribute> attribute_;
};

StepPtr LogicStep(bool is_or, StepPtr left, StepPtr right);
StepPtr EqualityStep(bool negated, StepPtr left, StepPtr right);
StepPtr MembershipStep(StepPtr element, const Val& list);  // in a list of constants
StepPtr OrElseStep(bool unwraps, StepPtr optional, StepPtr otherwise);
// `overload`: the only one that fits, or nullptr.
StepPtr CallStep(const Function& function, const Overload* overload, bool member, std::vector<StepPtr> args);
StepPtr ListStep(std::vector<StepPtr> elements, std::vector<bool> optional);
StepPtr MapStep(std::vector<StepPtr> keys_and_values, std::vector<bool> optional);

struct FoldParts {
  StepPtr range, init, condition, step, result;
  size_t accu = 0, first = 0, second = 0;  // slots
  bool two = false;
};
StepPtr FoldStep(FoldParts parts);

// The member of a value that a qualifier selects. False: there is none (only when `test` is set) and `out` is unchanged;
// other failures give an error value.
bool SelectMember(const Val& from, const Val& key, bool test, Val* out);

// Why a value cannot select anything; empty when it can.
std::string QualifierProblem(const Val& key);

}  // namespace apimachinery::cel
