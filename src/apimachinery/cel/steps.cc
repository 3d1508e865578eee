#include "apimachinery/cel/steps.h"

#include <unordered_set>


#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/runtime_cost.h"
#include "apimachinery/cel/values.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

class Constant final : public Step {
 public:
  explicit Constant(Val value) : value_(std::move(value)) {}
  Val Eval(Frame&) const override { return value_; }
  const Val* constant() const override { return &value_; }

 private:
  const Val value_;
};

// An error on one side does not matter when the other side decides.
class Logic final : public Step {
 public:
  Logic(bool is_or, StepPtr left, StepPtr right) : is_or_(is_or), left_(std::move(left)), right_(std::move(right)) {}

  Val Eval(Frame& frame) const override {
    Val error;
    for (const Step* term : {left_.get(), right_.get()}) {
      Val value = term->Eval(frame);
      if (frame.cancelled) return Val::Error(kOverBudget);
      if (value.is(Kind::kBool)) {
        if (value.as_bool() == is_or_) return value;
      } else if (!error.is_error()) {
        error = value.is_error() ? std::move(value) : Val::Error("no such overload");
      }
    }
    return error.is_error() ? error : Val::Bool(!is_or_);
  }

 private:
  const bool is_or_;
  const StepPtr left_, right_;
};

class EqualityTest final : public Step {
 public:
  EqualityTest(bool negated, StepPtr left, StepPtr right)
      : negated_(negated), left_(std::move(left)), right_(std::move(right)) {}

  Val Eval(Frame& frame) const override {
    const Val args[] = {left_->Eval(frame), right_->Eval(frame)};
    if (frame.cancelled) return Val::Error(kOverBudget);
    Val result = args[0].is_error() ? args[0] : args[1].is_error() ? args[1] : Judge(args[0], args[1]);
    frame.Charge(RuntimeCallCost(negated_ ? op::kNotEquals : op::kEquals, negated_ ? "not_equals" : "equals", args, result));
    return result;
  }

 private:
  // What cannot be compared is unequal, but not equal either.
  Val Judge(const Val& a, const Val& b) const {
    const Equality equality = CompareEqual(a, b);
    if (negated_) return Val::Bool(equality != Equality::kYes);
    return equality == Equality::kNoOverload ? Val::Error("no such overload") : Val::Bool(equality == Equality::kYes);
  }

  const bool negated_;
  const StepPtr left_, right_;
};

class Membership final : public Step {
 public:
  Membership(StepPtr element, const Val& list) : element_(std::move(element)) {
    for (size_t i = 0; i < list.list().size(); ++i) {
      const Val one = list.list().at(i);
      if (one.is(Kind::kNull)) {
        has_null_ = true;
      } else {
        keys_.insert(KeyOf(one));
      }
    }
  }

  Val Eval(Frame& frame) const override {
    Val element = element_->Eval(frame);
    if (element.is_error()) return element;
    if (element.is(Kind::kNull)) return Val::Bool(has_null_);
    const std::string key = KeyOf(element);
    return Val::Bool(!key.empty() && keys_.count(key) != 0);
  }

 private:
  const StepPtr element_;
  std::unordered_set<std::string> keys_;
  bool has_null_ = false;
};

class OrElse final : public Step {
 public:
  OrElse(bool unwraps, StepPtr optional, StepPtr otherwise)
      : unwraps_(unwraps), optional_(std::move(optional)), otherwise_(std::move(otherwise)) {}

  Val Eval(Frame& frame) const override {
    Val value = optional_->Eval(frame);
    if (!value.is(Kind::kOptional)) return value;
    if (!value.has_value()) return otherwise_->Eval(frame);
    return unwraps_ ? value.optional_value() : value;
  }

 private:
  const bool unwraps_;
  const StepPtr optional_, otherwise_;
};

class Call final : public Step {
 public:
  Call(const Function& function, const Overload* overload, bool member, std::vector<StepPtr> args)
      : function_(function), overload_(overload), member_(member), args_(std::move(args)) {}

  Val Eval(Frame& frame) const override {
    absl::InlinedVector<Val, 3> values;
    Val failed;
    const bool lazy = args_.size() > 2;  // the rest is not evaluated once an argument fails
    for (const StepPtr& arg : args_) {
      values.push_back(arg->Eval(frame));
      if (frame.cancelled) return Val::Error(kOverBudget);
      if (values.back().is_error() && !failed.is_error()) {
        failed = values.back();
        if (lazy && values.size() < args_.size()) return failed;
      }
    }
    const bool strict = function_.singleton == nullptr || function_.name != op::kNotStrictlyFalse;
    Val result = strict && failed.is_error() ? std::move(failed) : Apply(values);
    if (const Val* list = overload_ == nullptr ? nullptr : ComparedList(overload_->id, values); list != nullptr && !list->is(Kind::kList)) {
      return frame.Crash(absl::StrCat("interface conversion: ", GoType(*list), " is not traits.Lister: missing method ",
                                      list->is_error() ? "Add" : "Contains"));
    }
    frame.Charge(RuntimeCallCost(function_.name, overload_ == nullptr ? "" : absl::string_view(overload_->id), values, result));
    return result;
  }

 private:
  Val Apply(Args values) const {
    if (function_.singleton != nullptr) return function_.singleton(values);
    if (overload_ != nullptr && !function_.guarded) return overload_->body(values);
    if (overload_ != nullptr) return Try(*overload_, values) ? overload_->body(values) : NoSuchOverload(function_.name, values);
    for (const Overload& overload : function_.overloads) {
      if (overload.member == member_ && Try(overload, values)) return overload.body(values);
    }
    return NoSuchOverload(function_.name, values);
  }

  static bool Try(const Overload& overload, Args values) {
    if (overload.args.size() != values.size() || overload.body == nullptr) return false;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!Fits(values[i], *overload.args[i])) return false;
    }
    return true;
  }

  const Function& function_;
  const Overload* overload_;
  const bool member_;
  const std::vector<StepPtr> args_;
};

class MakeList final : public Step {
 public:
  MakeList(std::vector<StepPtr> elements, std::vector<bool> optional)
      : elements_(std::move(elements)), optional_(std::move(optional)) {}

  Val Eval(Frame& frame) const override {
    Val result = Build(frame);
    frame.Charge(kListCost);
    return result;
  }

 private:
  Val Build(Frame& frame) const {
    std::vector<Val> values;
    values.reserve(elements_.size());
    for (size_t i = 0; i < elements_.size(); ++i) {
      Val value = elements_[i]->Eval(frame);
      if (value.is_error()) return value;
      if (i < optional_.size() && optional_[i]) {
        if (!value.is(Kind::kOptional)) {
          return Val::Error(absl::StrCat("cannot initialize optional list element from non-optional value ", GoPrint(value)));
        }
        if (!value.has_value()) continue;
        const Val inner = value.optional_value();
        value = inner;
      }
      values.push_back(std::move(value));
    }
    return Val::ListOf(std::move(values));
  }

  const std::vector<StepPtr> elements_;
  const std::vector<bool> optional_;
};

class MakeMap final : public Step {
 public:
  MakeMap(std::vector<StepPtr> parts, std::vector<bool> optional) : parts_(std::move(parts)), optional_(std::move(optional)) {}

  Val Eval(Frame& frame) const override {
    Val result = Build(frame);
    if (!frame.cancelled) frame.Charge(kMapCost);
    return result;
  }

 private:
  Val Build(Frame& frame) const {
    MapBuilder map;
    for (size_t i = 0; i + 1 < parts_.size(); i += 2) {
      const Val key = parts_[i]->Eval(frame);
      if (key.is_error()) return key;
      Val value = parts_[i + 1]->Eval(frame);
      if (value.is_error()) return value;
      if (i / 2 < optional_.size() && optional_[i / 2]) {
        if (!value.is(Kind::kOptional)) {
          return Val::Error(absl::StrCat("cannot initialize optional entry '", GoPrint(key), "' from non-optional value ",
                                         GoPrint(value)));
        }
        if (!value.has_value()) {
          map.Erase(key);
          continue;
        }
        const Val inner = value.optional_value();
        value = inner;
      }
      if (key.is(Kind::kBytes) || (key.is(Kind::kOpaque) && !key.opaque().hashable())) {
        return frame.Crash(absl::StrCat("runtime error: hash of unhashable type ", GoType(key)));
      }
      map.Set(key, std::move(value));
    }
    return std::move(map).Build();
  }

  const std::vector<StepPtr> parts_;
  const std::vector<bool> optional_;
};

// The list that `accumulator + [x]` appends to without copying. Nothing but the fold sees it until it is frozen.
class GrowingList final : public List {
 public:
  size_t size() const override { return elements_.size(); }
  Val at(size_t index) const override { return elements_[index]; }
  Val Plus(const List& other) const override {
    if (frozen_) return List::Plus(other);
    for (size_t i = 0; i < other.size(); ++i) elements_.push_back(other.at(i));
    return Val::FromList(self_.lock());
  }
  static Val Make() {
    auto list = std::make_shared<GrowingList>();
    list->self_ = list;
    return Val::FromList(std::move(list));
  }
  void Freeze() const { frozen_ = true; }

 private:
  mutable std::vector<Val> elements_;
  mutable bool frozen_ = false;
  std::weak_ptr<const GrowingList> self_;
};

class Fold final : public Step {
 public:
  explicit Fold(FoldParts parts) : p_(std::move(parts)) {
    const Val* init = p_.init->constant();
    grows_ = init != nullptr && init->is(Kind::kList) && init->list().size() == 0;
  }

  Val Eval(Frame& frame) const override {
    const Val range = p_.range->Eval(frame);
    if (range.is_error()) return range;
    Frame::Slot& accu = frame.locals[p_.accu];
    accu.init = grows_ ? nullptr : p_.init.get();
    if (grows_) accu.value = GrowingList::Make();
    if (range.is(Kind::kList)) {
      const List& list = range.list();
      for (size_t i = 0; i < list.size(); ++i) {
        if (p_.two) {
          if (!Turn(frame, Val::Int(static_cast<int64_t>(i)), list.at(i))) break;
        } else if (!Turn(frame, list.at(i), Val())) {
          break;
        }
      }
    } else if (range.is(Kind::kMap)) {
      range.map().ForEach([&](const Val& key) {
        Val value;
        if (p_.two) range.map().Find(key, &value);
        return Turn(frame, key, std::move(value));
      });
    } else {
      return Val::Error(p_.two ? absl::StrCat("unsupported comprehension range type: ", GoType(range))
                               : absl::StrCat("got '", GoType(range), "', expected iterable type"));
    }
    if (frame.cancelled) return Val::Error(kOverBudget);
    Val result = p_.result->Eval(frame);
    if (result.is(Kind::kList)) {
      if (const auto* growing = dynamic_cast<const GrowingList*>(&result.list())) growing->Freeze();
    }
    frame.locals[p_.accu] = {};
    return result;
  }

 private:
  // One element; false: the loop is over.
  bool Turn(Frame& frame, Val first, Val second) const {
    frame.locals[p_.first].value = std::move(first);
    if (p_.two) frame.locals[p_.second].value = std::move(second);
    const Val go_on = p_.condition->Eval(frame);
    if (frame.cancelled || go_on.is_false()) return false;
    Val next = p_.step->Eval(frame);
    Frame::Slot& accu = frame.locals[p_.accu];
    accu.init = nullptr;
    accu.value = std::move(next);
    return !frame.cancelled;
  }

  const FoldParts p_;
  bool grows_ = false;
};

}  // namespace

StepPtr ConstantStep(Val value) { return std::make_unique<Constant>(std::move(value)); }
StepPtr LogicStep(bool is_or, StepPtr left, StepPtr right) {
  return std::make_unique<Logic>(is_or, std::move(left), std::move(right));
}
StepPtr EqualityStep(bool negated, StepPtr left, StepPtr right) {
  return std::make_unique<EqualityTest>(negated, std::move(left), std::move(right));
}
StepPtr MembershipStep(StepPtr element, const Val& list) { return std::make_unique<Membership>(std::move(element), list); }
StepPtr OrElseStep(bool unwraps, StepPtr optional, StepPtr otherwise) {
  return std::make_unique<OrElse>(unwraps, std::move(optional), std::move(otherwise));
}
StepPtr CallStep(const Function& function, const Overload* overload, bool member, std::vector<StepPtr> args) {
  return std::make_unique<Call>(function, overload, member, std::move(args));
}
StepPtr ListStep(std::vector<StepPtr> elements, std::vector<bool> optional) {
  return std::make_unique<MakeList>(std::move(elements), std::move(optional));
}
StepPtr MapStep(std::vector<StepPtr> keys_and_values, std::vector<bool> optional) {
  return std::make_unique<MakeMap>(std::move(keys_and_values), std::move(optional));
}
StepPtr FoldStep(FoldParts parts) { return std::make_unique<Fold>(std::move(parts)); }

}  // namespace apimachinery::cel
