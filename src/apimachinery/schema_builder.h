// Reads the embedded descriptor set into schema tables. Used by schema.cc alone.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"

namespace apimachinery {

struct SchemaTables {
  std::vector<Message> messages;  // never grows after building: fields point into it
  std::vector<Kind> kinds;
  std::vector<std::vector<absl::string_view>> enums;
  std::vector<FieldRules> rules;
};

// Fills fields and links; the finders' tables are left to the caller. Texts live for the whole process. Aborts when
// the set is damaged: it is part of the binary.
void BuildSchemaTables(absl::string_view descriptor_set, SchemaTables* tables);

}  // namespace apimachinery
