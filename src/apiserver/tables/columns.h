// The columns of each kind, read once from the embedded columns.tsv.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apiserver/tables/table.h"

namespace apiserver::tables {

// `kind` is "apps/v1/Deployment". nullptr when the kind has no columns of its own.
const std::vector<Column>* FindColumns(absl::string_view kind);

}  // namespace apiserver::tables
