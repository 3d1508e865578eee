// metadata.managedFields as a value: who owns what, and since when.
#pragma once
#include <map>
#include <string>
#include <tuple>

#include "apimachinery/apply/field_set.h"
#include "apimachinery/value.h"

namespace apimachinery::apply {

// What tells managers apart. For appliers the version does not count.
struct ManagerId {
  std::string name;
  std::string operation;  // "Apply", "Update"
  std::string api_version;
  std::string subresource;

  bool applied() const { return operation == "Apply"; }
  auto Key() const { return std::tie(name, operation, api_version, subresource); }
  friend bool operator<(const ManagerId& a, const ManagerId& b) { return a.Key() < b.Key(); }
  friend bool operator==(const ManagerId& a, const ManagerId& b) { return a.Key() == b.Key(); }
  std::string ToString() const;  // as conflicts name it: "m" with subresource "status" using apps/v1
};

struct Owned {
  FieldSet fields;
  std::string api_version;  // of the fields
  std::string time;         // "" when unknown
};

using ManagedFields = std::map<ManagerId, Owned>;

// False when an entry is not valid.
bool ParseManagedFields(const Value* list, ManagedFields* managed);
// Into metadata.managedFields, in upstream's order; nothing at all when there are none.
void WriteManagedFields(const ManagedFields& managed, Value* object);

}  // namespace apimachinery::apply
