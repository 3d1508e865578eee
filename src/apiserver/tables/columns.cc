#include "apiserver/tables/columns.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

// SKIFF_COLUMNS is the path of columns.tsv, given by CMake.
asm(".section .rodata\n"
    "skiff_table_columns_begin: .incbin \"" SKIFF_COLUMNS "\"\n"
    "skiff_table_columns_end: .byte 0\n"
    ".previous\n");
extern "C" {
extern const char skiff_table_columns_begin[], skiff_table_columns_end[];
}

namespace apiserver::tables {
namespace {

using ColumnMap = absl::flat_hash_map<std::string, std::vector<Column>>;

ColumnMap* ReadColumns() {
  const absl::string_view text(skiff_table_columns_begin,
                               static_cast<size_t>(skiff_table_columns_end - skiff_table_columns_begin));
  auto* columns = new ColumnMap;
  absl::flat_hash_map<absl::string_view, absl::string_view> shared;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (line[0] == '#') continue;
    const std::vector<absl::string_view> cells = absl::StrSplit(line, '\t');
    if (line[0] == '@') {
      shared[cells[0]] = cells[1];
      continue;
    }
    Column column;
    column.name = std::string(cells[1]);
    column.type = std::string(cells[2]);
    column.format = std::string(cells[3]);
    if (!absl::SimpleAtoi(cells[4], &column.priority)) column.priority = 0;
    const auto text_of = shared.find(cells[5]);
    column.description = absl::StrReplaceAll(text_of == shared.end() ? cells[5] : text_of->second,
                                             {{"\\n", "\n"}, {"\\\\", "\\"}});
    (*columns)[cells[0]].push_back(std::move(column));
  }
  return columns;
}

}  // namespace

const std::vector<Column>* FindColumns(absl::string_view kind) {
  static const ColumnMap* const columns = ReadColumns();
  const auto found = columns->find(kind);
  return found == columns->end() ? nullptr : &found->second;
}

}  // namespace apiserver::tables
