#include "kubectl/printers/table.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apimachinery/time.h"
#include "kubectl/cli/codec.h"

namespace kubectl {
namespace {

std::string LabelText(const Value& labels) {
  if (labels.empty()) return "<none>";
  std::vector<std::string> pairs;
  for (const auto& [key, value] : labels.object())
    pairs.push_back(absl::StrCat(key, "=", value.as_string()));
  std::sort(pairs.begin(), pairs.end());
  return absl::StrJoin(pairs, ",");
}

// Control characters would move the cursor of whoever reads this.
void AppendEscaped(absl::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '\x1b')
      out->append("^[");
    else
      *out += c;
  }
}

std::string CellText(const Value& cell) {
  switch (cell.type()) {
    case Value::Type::kNull:
      return "";
    case Value::Type::kString: {
      const std::string& text = cell.as_string();
      const size_t end = text.find_first_of("\f\n\r");
      std::string out;
      AppendEscaped(text.substr(0, end), &out);
      return end == std::string::npos ? out : out + "...";
    }
    case Value::Type::kBool:
      return cell.as_bool() ? "true" : "false";
    case Value::Type::kInt:
      return absl::StrCat(cell.as_int());
    case Value::Type::kDouble:
      return FormatDouble(cell.as_double());
    default:
      return WriteJson(cell);
  }
}

// The heading of -L app.kubernetes.io/name is NAME.
std::string LabelHeading(const std::string& label) {
  return absl::AsciiStrToUpper(
      label.substr(label.rfind('/') == std::string::npos ? 0 : label.rfind('/') + 1));
}

}  // namespace

std::string AgeOf(const std::string& time) {
  if (time.empty()) return "<unknown>";
  absl::Time parsed;
  if (!absl::ParseTime(absl::RFC3339_full, time, &parsed, nullptr)) return "<unknown>";
  return apimachinery::HumanDuration(absl::Now() - parsed);
}

void TablePrinter::Print(const Value& table, TabWriter& writer, const std::string& event) {
  const Value* columns = table.Find("columnDefinitions");
  if (columns != nullptr && !columns->empty()) columns_ = *columns;
  const apimachinery::Array& rows = table.GetArray("rows");
  if (rows.empty() || !columns_.is_array()) return;
  const apimachinery::Array& definitions = columns_.array();
  if (!header_done_ && !options_.no_headers) {
    std::vector<std::string> names;
    if (!options_.event_column.empty()) names.push_back(options_.event_column);
    if (options_.with_namespace) names.push_back("NAMESPACE");
    for (const Value& column : definitions) {
      if (options_.wide || column.GetInt("priority") == 0)
        names.push_back(absl::AsciiStrToUpper(column.GetString("name")));
    }
    for (const std::string& label : options_.label_columns) names.push_back(LabelHeading(label));
    if (options_.show_labels) names.push_back("LABELS");
    writer.Write(absl::StrCat(absl::StrJoin(names, "\t"), "\n"));
  }
  header_done_ = true;
  for (const Value& row : rows) {
    std::vector<std::string> cells;
    if (!options_.event_column.empty()) cells.push_back(event);
    const Value* object = row.Find("object");
    const Value* metadata = object == nullptr ? nullptr : object->Find("metadata");
    static const Value kNone = Value::MakeObject();
    if (metadata == nullptr) metadata = &kNone;
    if (options_.with_namespace) cells.push_back(metadata->GetString("namespace"));
    const apimachinery::Array& values = row.GetArray("cells");
    for (size_t i = 0; i < definitions.size() && i < values.size(); ++i) {
      if (!options_.wide && definitions[i].GetInt("priority") != 0) continue;
      std::string text = CellText(values[i]);
      if (!options_.kind_prefix.empty() && definitions[i].GetString("format") == "name") {
        text = absl::StrCat(options_.kind_prefix, "/", text);
      }
      cells.push_back(std::move(text));
    }
    const Value* labels = metadata->Find("labels");
    for (const std::string& label : options_.label_columns) {
      const Value* value = labels == nullptr ? nullptr : labels->Find(label);
      cells.push_back(value == nullptr ? "" : value->as_string());
    }
    if (options_.show_labels) cells.push_back(LabelText(labels == nullptr ? kNone : *labels));
    writer.Write(absl::StrCat(absl::StrJoin(cells, "\t"), "\n"));
  }
}

Value TableForObjects(const std::vector<Value>& objects) {
  Value table;
  Value name, age;
  name.Set("name", "Name");
  name.Set("format", "name");
  age.Set("name", "Age");
  table["columnDefinitions"].Append(std::move(name));
  table["columnDefinitions"].Append(std::move(age));
  table["rows"] = Value::MakeArray();
  for (const Value& object : objects) {
    Value row;
    row["cells"].Append(object.GetString("metadata.name"));
    row["cells"].Append(AgeOf(object.GetString("metadata.creationTimestamp")));
    row.Set("object", object);
    table["rows"].Append(std::move(row));
  }
  return table;
}

}  // namespace kubectl
