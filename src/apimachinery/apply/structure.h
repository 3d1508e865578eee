// Walks over objects as server-side apply sees them: maps, lists that are atomic, sets or keyed, and leaves.
#pragma once
#include <string>
#include <vector>

#include "apimachinery/apply/apply.h"
#include "apimachinery/apply/field_set.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::apply {

// What a value is by its type. Untyped values are maps with owners for each member, and lists owned as a whole.
struct Structure {
  enum class Kind : uint8_t { kLeaf, kStruct, kMap, kList, kUntyped };
  Kind kind = Kind::kLeaf;
  bool atomic = false;               // kStruct, kMap, kList: one owner for everything below
  const Message* message = nullptr;  // kStruct; kLeaf: of a special shape
  const Field* field = nullptr;      // kMap, kList: their elements; kLeaf: a scalar to check, or nullptr for any value
  // Of custom resources, instead of message and field: kMap and kStruct (some members declared), kList, kLeaf.
  const structural::Schema* schema = nullptr;
  bool preserving = false;           // below x-kubernetes-preserve-unknown-fields: undeclared members are untyped
  bool root = false;                 // apiVersion, kind and metadata are declared without being in the schema

  static Structure OfRoot(const ObjectType& type);
  static Structure OfObject(const Message* message);  // nullptr: untyped
  static Structure OfField(const Field& field);
  static Structure OfElement(const Field& field);
  static Structure OfSchema(const structural::Schema& schema, bool preserving);
  Structure Element() const;  // of a list
};

struct Comparison {
  FieldSet added, modified, removed;
  bool keyless = false;  // an element of a keyed list says nothing of its keys: upstream cannot type such an object
};

// Absent members that JSON prints all the same (null lists, empty structs) count as there, as in upstream.
Comparison Compare(const Structure& type, const Value& before, const Value& after);

// Adds the values with one owner that `applied` gives as they are in `live` but for members that JSON prints without
// their being set: upstream compares what is printed, so such a value counts as modified.
void AddUnsaid(const Structure& type, const Value& live, const Value& applied, FieldSet* modified);

// The fields that a configuration speaks of.
FieldSet FieldsOf(const Structure& type, const Value& value);

// `live` with everything that `applied` says.
Value Merge(const Structure& type, const Value& live, const Value& applied);

// `value` without the members and elements that are in `fields`.
void Remove(const Structure& type, const FieldSet& fields, Value* value);

// `fields` plus every struct member on the way to one of them.
FieldSet WithNamedParents(const Structure& type, const FieldSet& fields);

// Why `value` is no value of the type: ".spec.foo: field not declared in schema". Empty when it is one.
// Lists that say an element twice are none, unless `repeats` allows it.
std::vector<std::string> Check(const Structure& type, const Value& value, bool repeats = false);

}  // namespace apimachinery::apply
