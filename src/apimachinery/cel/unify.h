// Substitutions of type variables, and whether one type may stand for another under them.
#pragma once
#include <unordered_map>
#include <vector>

#include "apimachinery/cel/type.h"

namespace apimachinery::cel {

class Mapping {
 public:
  const TypePtr* Find(const Type& variable) const {
    if (!variable.Is(TypeKind::kTypeParam)) return nullptr;
    const auto found = map_.find(variable.name());
    return found == map_.end() ? nullptr : &found->second;
  }
  // Keeps what it learned only when it answers true.
  bool Assignable(const TypePtr& to, const TypePtr& from);
  bool Assignable(const std::vector<TypePtr>& to, const std::vector<TypePtr>& from);
  // Variables replaced; those that are still free stay, or become dyn.
  TypePtr Substitute(const TypePtr& type, bool free_to_dyn) const;

 private:
  bool Unify(const TypePtr& a, const TypePtr& b);
  bool UnifyAll(const std::vector<TypePtr>& a, const std::vector<TypePtr>& b);
  bool UnifyVariable(const TypePtr& type, const TypePtr& variable, bool* had);
  bool FreeOf(const Type& variable, const TypePtr& within) const;
  void Set(const Type& variable, TypePtr type);

  std::unordered_map<std::string, TypePtr> map_;
  std::vector<std::pair<std::string, TypePtr>> undo_;  // what the attempt under way has replaced
};

bool EqualOrLessSpecific(const Type& a, const Type& b);
const TypePtr& MostGeneral(const TypePtr& a, const TypePtr& b);

}  // namespace apimachinery::cel
