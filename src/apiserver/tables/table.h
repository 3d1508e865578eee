// Server-side tables: what `kubectl get` prints, computed from objects. Pure; any thread.
//
// Columns are upstream's (columns.tsv); cells follow upstream's printers. A kind without a printer of its own (custom
// resources without printer columns) has Name and Created At.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apiserver::tables {

struct Column {
  std::string name;
  std::string type;    // "string", "integer", "boolean", "date", "number"
  std::string format;  // "name" or empty
  int priority = 0;    // above 0: only with -o wide
  std::string description;
};

// `api_version` is "v1" or "apps/v1". Lives as long as the process.
absl::Span<const Column> TableColumns(absl::string_view api_version, absl::string_view kind);

// One cell per column: an array. Missing members read as their zero value; never fails. `object` is an object of the
// kind as the codec decodes it. `now` gives the ages.
apimachinery::Value TableRow(absl::string_view api_version, absl::string_view kind, const apimachinery::Value& object,
                             absl::Time now);

// ?includeObject=: what a row carries of its object.
enum class IncludeObject { kMetadata, kNone, kObject };

// The whole answer as a tree, members in upstream's order; `list_metadata` is the list's metadata (of a single object:
// {"resourceVersion": ...}). `with_columns` false writes null, as watches do after their first event.
apimachinery::Value MakeTable(absl::string_view api_version, absl::string_view kind,
                              absl::Span<const apimachinery::Value* const> objects, apimachinery::Value list_metadata,
                              IncludeObject include, bool with_columns, absl::Time now);

// The same in pieces, for lists that stream: "columnDefinitions" and one element of "rows".
apimachinery::Value ColumnDefinitions(absl::Span<const Column> columns);
apimachinery::Value Row(absl::string_view api_version, absl::string_view kind, const apimachinery::Value& object,
                        IncludeObject include, absl::Time now);

// The same for any kind, custom ones with the columns of their definitions.
std::vector<Column> ColumnsOf(const apimachinery::Kind& kind);
// Whether a built-in kind has but the columns that upstream gives every kind: Name and Created At.
bool HasDefaultColumns(const apimachinery::Kind& kind);
apimachinery::Value RowOf(const apimachinery::Kind& kind, const apimachinery::Value& object, IncludeObject include,
                          absl::Time now);
apimachinery::Value TableOf(const apimachinery::Kind& kind, absl::Span<const apimachinery::Value* const> objects,
                            apimachinery::Value list_metadata, IncludeObject include, bool with_columns, absl::Time now);

// The PartialObjectMetadata of an object: kind, apiVersion and metadata.
apimachinery::Value PartialMetadata(const apimachinery::Value& object);

}  // namespace apiserver::tables
