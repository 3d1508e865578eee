// Types declared by a schema: what the checker, the cost estimate and the view of an object's tree need to know of it.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/cel/type.h"
#include "apimachinery/cel/val.h"
#include "apimachinery/value.h"

namespace apimachinery {
struct Message;
}

namespace apimachinery::cel {

struct DeclType;
using DeclTypePtr = std::shared_ptr<const DeclType>;

// Immutable once built.
struct DeclType {
  enum class Shape : uint8_t { kScalar, kIntOrString, kList, kMap, kObject, kUnknownFields };
  enum class Lists : uint8_t { kAtomic, kSet, kMap };

  Shape shape = Shape::kScalar;
  TypePtr type;                 // what the checker sees
  int64_t max_elements = 0;     // items, properties or characters; 0 where sizes mean nothing
  int64_t min_serialized = 1;   // bytes of the shortest JSON
  bool nullable = false;
  std::string format;           // of strings
  DeclTypePtr key, element;     // kList, kMap
  std::map<std::string, DeclTypePtr> fields;       // kObject, by escaped name
  std::map<std::string, DeclTypePtr> properties;   // kObject, by the name in JSON; those without an escape too
  Lists lists = Lists::kAtomic;
  std::vector<std::string> list_map_keys;

  const DeclType* Field(absl::string_view escaped) const {
    const auto found = fields.find(std::string(escaped));
    return found == fields.end() ? nullptr : found->second.get();
  }
};

// From a structural schema (a JSONSchemaProps tree). `root`: the schema of a whole resource (or of an embedded one): kind,
// apiVersion and metadata.name/generateName are declared even when the schema does not. `name` is the name of the type of
// the top object; those below are named after it. nullptr: nothing CEL can talk about (no type).
DeclTypePtr DeclTypeOf(const Value& schema, bool root, absl::string_view name);

// From the table of a built-in type, as type checking of policies sees it.
DeclTypePtr DeclTypeOf(const Message& message, absl::string_view name);

// A tree as values of a declared type; both must outlive the result. Data that does not fit is an error value.
Val TypedView(const Value& tree, const DeclType& type);

// x-prop → x__dash__prop, namespace → __namespace__; false when no CEL name can stand for it.
bool EscapeProperty(absl::string_view name, std::string* escaped);
bool UnescapeProperty(absl::string_view escaped, std::string* name);

}  // namespace apimachinery::cel
