#include "apiserver/tables/custom_printer.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/jsonpath.h"
#include "apimachinery/time.h"
#include "apiserver/tables/cells.h"

namespace apiserver::tables {
namespace {

using apimachinery::structural::PrinterColumn;
using apimachinery::structural::Version;

const std::vector<PrinterColumn>& ColumnsOrDefault(const Version& version) {
  static const auto* const only_age = new std::vector<PrinterColumn>{[] {
    PrinterColumn age;
    age.name = "Age";
    age.type = "date";
    age.description = TableColumns("apps/v1", "ControllerRevision").back().description;  // of creationTimestamp
    age.json_path = ".metadata.creationTimestamp";
    return age;
  }()};
  return version.columns.empty() ? *only_age : version.columns;
}

Value TypedCell(const std::string& type, const Value& value, absl::Time now) {
  if (type == "integer") {
    if (value.is_int()) return value;
    if (value.is_double()) return Value(value.as_int());
  } else if (type == "number") {
    if (value.is_number()) return Value(value.as_double());
  } else if (type == "boolean") {
    if (value.is_bool()) return value;
  } else if (type == "date" && value.is_string()) {
    const auto time = apimachinery::ParseTime(value.as_string());
    return time.ok() ? Value(Since(value.as_string(), now)) : Value("<invalid>");
  }
  return Value();
}

Value Cell(const PrinterColumn& column, const Value& object, absl::Time now) {
  const auto path = apimachinery::JsonPath::Parse(absl::StrCat("{", column.json_path, "}"));
  if (!path.ok()) return Value();
  const auto results = path->FindResults(object);
  if (!results.ok() || results->empty() || results->front().empty()) return Value();
  const Value& value = *results->front().front();  // the first one counts
  if (value.is_null()) return Value();
  if (column.type == "string") return Value(apimachinery::PlainText(value));
  return TypedCell(column.type, value, now);
}

}  // namespace

std::vector<Column> CustomColumns(const Version& version) {
  std::vector<Column> columns;
  columns.push_back(TableColumns("v1", "ConfigMap").front());  // the name, with its description
  for (const PrinterColumn& column : ColumnsOrDefault(version)) {
    Column& made = columns.emplace_back();
    made.name = column.name;
    made.type = column.type;
    made.format = column.format;
    made.priority = column.priority;
    made.description = column.description.empty()
                           ? absl::StrCat("Custom resource definition column (in JSONPath format): ", column.json_path)
                           : column.description;
  }
  return columns;
}

Value CustomCells(const Version& version, const Value& object, absl::Time now) {
  Value cells = Value::MakeArray();
  cells.Append(object.GetString("metadata.name"));
  for (const PrinterColumn& column : ColumnsOrDefault(version)) cells.Append(Cell(column, object, now));
  return cells;
}

}  // namespace apiserver::tables
