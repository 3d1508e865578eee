#include "absl/strings/str_cat.h"
#include "apimachinery/cel/runtime_cost.h"
#include "apimachinery/cel/steps.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

// Where in a list a key points; -1 with an error text when it cannot.
int64_t ListIndex(const Val& key, std::string* error) {
  switch (key.kind()) {
    case Kind::kInt: return key.as_int();
    case Kind::kUint:
      if (key.as_uint() <= static_cast<uint64_t>(INT64_MAX)) return key.as_int();
      *error = absl::StrCat("unsupported index value ", GoPrint(key), " in list");
      return -1;
    case Kind::kDouble: {
      const double d = key.as_double();
      if (d >= -9007199254740992.0 && d <= 9007199254740992.0 && static_cast<double>(static_cast<int64_t>(d)) == d) {
        return static_cast<int64_t>(d);
      }
      *error = absl::StrCat("unsupported index value ", GoPrint(key), " in list");
      return -1;
    }
    default:
      *error = absl::StrCat("unsupported index type '", key.TypeName(), "' in list");
      return -1;
  }
}

// What an optional holds goes through upstream's native values when a variable or a branch gives it: library values have
// none, names of types become text, optionals in optionals are one.
Val Native(const Val& held) {
  switch (held.kind()) {
    case Kind::kOpaque: {
      const std::string shown = held.opaque().NativeValue();
      return shown.empty() ? held : Val::Error(absl::StrCat("unsupported conversion to ref.Val: ", shown));
    }
    case Kind::kType: return Val::String(std::string(held.type_value()->name()));
    case Kind::kOptional: return held.has_value() ? Native(held.optional_value()) : Val::Null();
    default: return held;
  }
}

}  // namespace

std::string QualifierProblem(const Val& key) {
  switch (key.kind()) {
    case Kind::kString: case Kind::kInt: case Kind::kUint: case Kind::kBool: case Kind::kDouble: return "";
    default: return absl::StrCat("invalid qualifier type: ", GoType(key));
  }
}

bool SelectMember(const Val& from, const Val& key, bool test, Val* out) {
  switch (from.kind()) {
    case Kind::kError: *out = from; return true;
    case Kind::kMap:
      if (from.map().Find(key, out)) return true;
      if (!test) *out = Val::Error(absl::StrCat("no such key: ", GoPrint(key)));
      return !test;
    case Kind::kList: {
      std::string error;
      const int64_t index = ListIndex(key, &error);
      if (!error.empty()) {
        *out = Val::Error(std::move(error));
        return true;
      }
      if (index >= 0 && index < static_cast<int64_t>(from.list().size())) {
        *out = from.list().at(static_cast<size_t>(index));
        return true;
      }
      if (!test) *out = Val::Error(absl::StrCat("index out of bounds: ", GoPrint(key)));
      return !test;
    }
    case Kind::kOptional:
      if (from.has_value()) {
        Val inner;
        if (SelectMember(from.optional_value(), key, true, &inner)) {
          *out = inner.is_error() ? inner : Val::Some(std::move(inner));
          return true;
        }
      }
      *out = Val::None();
      return true;
    default:
      if (!test) *out = Val::Error(absl::StrCat("no such key: ", GoPrint(key)));
      return !test;
  }
}

std::shared_ptr<Attribute> Attribute::OfVariable(std::string name) {
  auto made = std::make_shared<Attribute>();
  made->name_ = std::move(name);
  return made;
}

std::shared_ptr<Attribute> Attribute::OfLocal(size_t slot) {
  auto made = std::make_shared<Attribute>();
  made->base_ = Base::kLocal;
  made->slot_ = slot;
  return made;
}

std::shared_ptr<Attribute> Attribute::OfStep(StepPtr operand) {
  auto made = std::make_shared<Attribute>();
  made->base_ = Base::kStep;
  made->step_ = std::move(operand);
  return made;
}

std::shared_ptr<Attribute> Attribute::Conditional(StepPtr condition, std::shared_ptr<Attribute> yes,
                                                  std::shared_ptr<Attribute> no) {
  auto made = std::make_shared<Attribute>();
  made->base_ = Base::kConditional;
  made->step_ = std::move(condition);
  made->yes_ = std::move(yes);
  made->no_ = std::move(no);
  return made;
}

void Attribute::Add(std::shared_ptr<const Qualifier> qualifier) {
  is_test_ = is_test_ || qualifier->test_only;
  if (base_ == Base::kConditional) {
    yes_->Add(qualifier);
    no_->Add(std::move(qualifier));
  } else {
    qualifiers_.push_back(std::move(qualifier));
  }
}

Val Attribute::Eval(Frame& frame) const {
  Val value = Resolve(frame);
  // Neither a condition nor has() costs anything itself.
  if (base_ != Base::kConditional && !is_test_) frame.Charge(kIdentCost);
  return value;
}

Val Attribute::BaseValue(Frame& frame) const {
  if (base_ == Base::kStep) return step_->Eval(frame);
  if (base_ == Base::kLocal) {
    Frame::Slot& slot = frame.locals[slot_];
    if (slot.init != nullptr) {
      const Step* init = slot.init;
      slot.init = nullptr;
      slot.value = init->Eval(frame);
    }
    return slot.value;
  }
  for (const auto& [name, value] : frame.resolved) {
    if (name == name_) return value;
  }
  Val value;
  if (!frame.resolver(name_, &value)) return Val::Error(absl::StrCat("no such attribute(s): ", name_));
  frame.resolved.emplace_back(name_, value);
  return value;
}

Val Attribute::Resolve(Frame& frame) const {
  if (base_ == Base::kConditional) {
    const Val condition = step_->Eval(frame);
    if (condition.is_error()) return condition;
    if (!condition.is(Kind::kBool)) return Val::Error("no such overload");
    return condition.as_bool() ? yes_->Resolve(frame) : no_->Resolve(frame);
  }
  Val value = BaseValue(frame);
  if (value.is_error()) return value;
  if (qualifiers_.empty()) return value.is(Kind::kOptional) && value.has_value() ? Val::Some(Native(value.optional_value())) : value;
  bool optional = false;
  if (value.is(Kind::kOptional)) {
    if (!value.has_value()) return is_test_ ? Val::Bool(false) : value;
    optional = true;
    const Val inner = value.optional_value();
    value = inner;
  }
  for (const auto& qualifier : qualifiers_) {
    if (frame.cancelled) return Val::Error(kOverBudget);
    Val key = qualifier->attribute != nullptr ? qualifier->attribute->Resolve(frame)
              : qualifier->step != nullptr    ? qualifier->step->Eval(frame)
                                              : qualifier->key;
    optional = optional || qualifier->optional;
    if (key.is_error()) {
      if (!optional) frame.Charge(kIdentCost);
      return key;
    }
    if (std::string problem = QualifierProblem(key); !problem.empty()) {
      if (!optional) frame.Charge(kIdentCost);
      return Val::Error(std::move(problem));
    }
    Val member;
    if (qualifier->test_only) {
      const bool present = SelectMember(value, key, true, &member);
      frame.Charge(kIdentCost);
      if (member.is_error()) return member;
      return Val::Bool(present && !(member.is(Kind::kOptional) && !member.has_value()));
    }
    const bool present = SelectMember(value, key, optional, &member);
    if (present && !(optional && member.is_error())) frame.Charge(kIdentCost);
    if (!present) return is_test_ ? Val::Bool(false) : Val::None();
    if (member.is_error()) return member;
    value = std::move(member);
  }
  return optional ? Val::Some(std::move(value)) : value;
}

}  // namespace apimachinery::cel
