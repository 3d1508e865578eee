// `-o`: prints whole objects as JSON, YAML, names, templates or custom columns.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/flags.h"
#include "kubectl/cli/streams.h"

namespace kubectl {

class ObjectPrinter {
 public:
  virtual ~ObjectPrinter() = default;
  virtual absl::Status Print(const Value& object, Writer* out) = 0;
  virtual void Finish(Writer* out) {}
};

struct PrintOptions {
  std::string output;  // what -o says
  std::string template_text;
  bool allow_missing_keys = true;
  bool show_managed_fields = false;
  bool no_headers = false;
  KeyOrder json_order = KeyOrder::kSorted;
  // What the verb did ("created (dry run)"): with an empty -o, "pod/x created" is printed.
  std::string operation;
};

// Adds -o, --template, --allow-missing-template-keys, --show-managed-fields.
void AddPrintFlags(FlagSet* flags, PrintOptions* options);

// The printer for `options.output`. An unknown format answers
// `unable to match a printer suitable for the output format "x", allowed formats are: ...`.
// `extra_formats` are further names for that text ("custom-columns", ...), which are then
// understood as well.
absl::StatusOr<std::unique_ptr<ObjectPrinter>> MakeObjectPrinter(const PrintOptions& options,
                                                                 bool with_columns = false);

// "deployment.apps/web" of an object that carries its kind.
std::string ObjectName(const Value& object);

void DropManagedFields(Value* object);  // of the object, or of the items of a list

}  // namespace kubectl
