// Which value of the old object a value of the new one replaces: how unchanged parts are told from changed ones. Pure.
#pragma once
#include <string>
#include <unordered_map>

#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::structural {

// Of a list and the list it replaces. Only items of lists that are maps have predecessors, found by their keys.
class Correlation {
 public:
  // The arguments outlive the result; `old` may be nullptr.
  Correlation(const Schema& list, const Value& items, const Value* old);
  // What the item at `index` replaces; nullptr: nothing, or nobody can tell.
  const Value* Item(size_t index) const;

 private:
  const Schema& list_;
  const Value& items_;
  std::unordered_map<std::string, const Value*> old_;
};

// The identity of an item of a list that is a map: its keys with their defaults. "" when it has none.
std::string ItemKey(const Schema& list, const Value& item, Value* keys = nullptr);

}  // namespace apimachinery::structural
