#include "apimachinery/cel/unify.h"

namespace apimachinery::cel {
namespace {

bool Nullable(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kOpaque: case TypeKind::kStruct: case TypeKind::kAny: case TypeKind::kDuration:
    case TypeKind::kTimestamp: case TypeKind::kNull:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool EqualOrLessSpecific(const Type& a, const Type& b) {
  if (a.IsDyn() || a.Is(TypeKind::kTypeParam)) return true;
  if (b.IsDyn() || b.Is(TypeKind::kTypeParam)) return false;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case TypeKind::kOpaque: case TypeKind::kList: case TypeKind::kMap:
      if (a.name() != b.name() || a.parameters().size() != b.parameters().size()) return false;
      for (size_t i = 0; i < a.parameters().size(); ++i) {
        if (!EqualOrLessSpecific(*a.parameter(i), *b.parameter(i))) return false;
      }
      return true;
    case TypeKind::kType: return true;
    default: return Same(a, b);
  }
}

const TypePtr& MostGeneral(const TypePtr& a, const TypePtr& b) { return EqualOrLessSpecific(*a, *b) ? a : b; }

bool Mapping::Assignable(const TypePtr& to, const TypePtr& from) {
  return Assignable(std::vector<TypePtr>{to}, std::vector<TypePtr>{from});
}

bool Mapping::Assignable(const std::vector<TypePtr>& to, const std::vector<TypePtr>& from) {
  undo_.clear();
  if (UnifyAll(to, from)) return true;
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
    if (it->second == nullptr) {
      map_.erase(it->first);
    } else {
      map_[it->first] = it->second;
    }
  }
  return false;
}

void Mapping::Set(const Type& variable, TypePtr type) {
  TypePtr& slot = map_[variable.name()];
  undo_.emplace_back(variable.name(), slot);
  slot = std::move(type);
}

bool Mapping::UnifyAll(const std::vector<TypePtr>& a, const std::vector<TypePtr>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Unify(a[i], b[i])) return false;
  }
  return true;
}

bool Mapping::Unify(const TypePtr& a, const TypePtr& b) {
  if (b->Is(TypeKind::kTypeParam)) {
    bool had = false;
    if (UnifyVariable(a, b, &had)) return true;
    if (had) return false;
  }
  if (a->Is(TypeKind::kTypeParam)) {
    bool had = false;
    return UnifyVariable(b, a, &had);
  }
  if (a->IsDynOrError() || b->IsDynOrError()) return true;
  if (a->Is(TypeKind::kNull)) return Nullable(*b);
  if (b->Is(TypeKind::kNull)) return Nullable(*a);
  switch (a->kind()) {
    case TypeKind::kType: return b->Is(TypeKind::kType);
    case TypeKind::kOpaque: case TypeKind::kList: case TypeKind::kMap:
      return a->kind() == b->kind() && a->name() == b->name() && UnifyAll(a->parameters(), b->parameters());
    default: return a->kind() == b->kind() && a->name() == b->name();
  }
}

bool Mapping::UnifyVariable(const TypePtr& type, const TypePtr& variable, bool* had) {
  if (Same(*type, *variable)) {
    *had = true;
    return true;
  }
  if (const TypePtr* found = Find(*variable)) {
    *had = true;
    const TypePtr bound = *found;
    if (Same(*type, *bound)) return true;
    if (!Unify(type, bound)) return false;
    const TypePtr general = MostGeneral(type, bound);
    if (FreeOf(*variable, general)) Set(*variable, general);
    return true;
  }
  *had = false;
  if (!FreeOf(*variable, type)) return false;
  Set(*variable, type);
  return true;
}

bool Mapping::FreeOf(const Type& variable, const TypePtr& within) const {
  if (Same(variable, *within)) return false;
  if (within->Is(TypeKind::kTypeParam)) {
    const TypePtr* found = Find(*within);
    return found == nullptr || FreeOf(variable, *found);
  }
  for (const TypePtr& parameter : within->parameters()) {
    if (!FreeOf(variable, parameter)) return false;
  }
  return true;
}

TypePtr Mapping::Substitute(const TypePtr& type, bool free_to_dyn) const {
  if (const TypePtr* found = Find(*type)) return Substitute(*found, free_to_dyn);
  if (type->Is(TypeKind::kTypeParam)) return free_to_dyn ? DynType() : type;
  if (type->parameters().empty()) return type;
  std::vector<TypePtr> parameters;
  bool changed = false;
  for (const TypePtr& parameter : type->parameters()) {
    parameters.push_back(Substitute(parameter, free_to_dyn));
    changed = changed || parameters.back() != parameter;
  }
  if (!changed) return type;
  return std::make_shared<const Type>(type->kind(), type->name(), std::move(parameters));
}

}  // namespace apimachinery::cel
