// x-kubernetes-validations: rules in CEL about values of a schema. Compiled once a definition, evaluated with every write.
// Immutable once made; any thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apimachinery/field_error.h"
#include "apimachinery/structural/schema.h"
#include "apimachinery/value.h"

namespace apimachinery::structural {

// What is wrong with the rules of a schema, in upstream's words: expressions that do not compile, are of the wrong type,
// cost too much by estimate, or ask for an old value where nobody can tell it. `props`: a JSONSchemaProps tree. `shape`: what
// else is wrong with it; rules that stand at or above such a place are not looked at.
void CheckRules(const Value& props, const FieldPath& path, const FieldErrors& shape, FieldErrors* errors);

class Rules {
 public:
  // nullptr when the schema has no rules. Rules that do not compile fail every object, as upstream's do.
  // `root`: is it the schema of whole objects, which have metadata?
  static std::shared_ptr<const Rules> Compile(const Value& props, const Schema& schema, bool root = true);
  virtual ~Rules() = default;

  // `old`: what `value` replaces, or nullptr. `at` is where the value is in its object, "" for the object itself. Problems of
  // parts that did not change are no problems: they are appended to `tolerated` (may be nullptr).
  virtual void Evaluate(absl::string_view at, const Value& value, const Value* old, FieldErrors* errors,
                        std::vector<std::string>* tolerated = nullptr) const = 0;
  // Of a default, which stands at `path`: whether it may replace itself, and appear.
  virtual void EvaluateDefault(const FieldPath& path, const Value& value, FieldErrors* errors) const = 0;
};

}  // namespace apimachinery::structural
