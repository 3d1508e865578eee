#include "kubectl/printers/object.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "apimachinery/jsonpath.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/printers/gotemplate.h"
#include "kubectl/printers/kyaml.h"

namespace kubectl {

using apimachinery::GoSyntax;
using apimachinery::JsonPath;
using apimachinery::PlainText;
namespace {

bool IsList(const Value& object) {
  const Value* items = object.Find("items");
  return items != nullptr && items->is_array() && absl::EndsWith(object.GetString("kind"), "List");
}

class JsonPrinter : public ObjectPrinter {
 public:
  explicit JsonPrinter(const PrintOptions& options) : options_(options) {}
  absl::Status Print(const Value& object, Writer* out) override {
    if (options_.show_managed_fields) {
      out->Write(WriteJsonIndented(object, options_.json_order));
    } else {
      Value copy = object;
      DropManagedFields(&copy);
      out->Write(WriteJsonIndented(copy, options_.json_order));
    }
    return absl::OkStatus();
  }

 private:
  const PrintOptions options_;
};

class YamlPrinter : public ObjectPrinter {
 public:
  explicit YamlPrinter(const PrintOptions& options) : options_(options) {}
  absl::Status Print(const Value& object, Writer* out) override {
    if (count_++ > 0) out->Write("---\n");
    Value copy = object;
    if (!options_.show_managed_fields) DropManagedFields(&copy);
    out->Write(WriteYaml(copy));
    return absl::OkStatus();
  }

 private:
  const PrintOptions options_;
  int count_ = 0;
};

class KyamlPrinter : public ObjectPrinter {
 public:
  explicit KyamlPrinter(const PrintOptions& options) : options_(options) {}
  absl::Status Print(const Value& object, Writer* out) override {
    Value copy = object;
    if (!options_.show_managed_fields) DropManagedFields(&copy);
    if (options_.json_order == KeyOrder::kSorted) SortMembers(&copy);
    out->Write(WriteKyaml(copy));
    return absl::OkStatus();
  }

 private:
  const PrintOptions options_;
};

class NamePrinter : public ObjectPrinter {
 public:
  NamePrinter(std::string operation, bool short_output)
      : operation_(std::move(operation)), short_(short_output) {}
  absl::Status Print(const Value& object, Writer* out) override {
    if (IsList(object)) {
      for (const Value& item : object.GetArray("items")) RETURN_IF_ERROR(Print(item, out));
      return absl::OkStatus();
    }
    out->Write(absl::StrCat(ObjectName(object), short_ || operation_.empty() ? "" : " ",
                            short_ ? "" : operation_, "\n"));
    return absl::OkStatus();
  }

 private:
  const std::string operation_;
  const bool short_;
};

class JsonPathPrinter : public ObjectPrinter {
 public:
  JsonPathPrinter(JsonPath path, std::string text, bool allow_missing, bool as_json)
      : path_(std::move(path)),
        text_(std::move(text)),
        allow_missing_(allow_missing),
        as_json_(as_json) {}
  absl::Status Print(const Value& object, Writer* out) override {
    if (as_json_) {
      ASSIGN_OR_RETURN(const auto results, path_.FindResults(object, allow_missing_));
      Value array = Value::MakeArray();
      for (const auto& found : results) {
        for (const Value* value : found) array.Append(*value);
      }
      out->Write(WriteJsonIndented(array));
      return absl::OkStatus();
    }
    absl::StatusOr<std::string> text = path_.Execute(object, allow_missing_);
    if (!text.ok()) {
      return Error(absl::StrCat(
          "error executing jsonpath \"", absl::StrReplaceAll(text_, {{"\"", "\\\""}}),
          "\": Error executing template: ", text.status().message(),
          ". Printing more information for debugging the template:\n\ttemplate was:\n\t\t", text_,
          "\n\tobject given to jsonpath engine was:\n\t\t", GoSyntax(object), "\n\n\n"));
    }
    out->Write(*text);
    return absl::OkStatus();
  }

 private:
  const JsonPath path_;
  const std::string text_;
  const bool allow_missing_, as_json_;
};

class GoTemplatePrinter : public ObjectPrinter {
 public:
  GoTemplatePrinter(std::unique_ptr<GoTemplate> tmpl, bool allow_missing)
      : template_(std::move(tmpl)), allow_missing_(allow_missing) {}
  absl::Status Print(const Value& object, Writer* out) override {
    absl::StatusOr<std::string> text = template_->Execute(object, allow_missing_);
    if (!text.ok())
      return Error(absl::StrCat("error executing template: ", text.status().message()));
    out->Write(*text);
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<GoTemplate> template_;
  const bool allow_missing_;
};

class ColumnsPrinter : public ObjectPrinter {
 public:
  struct Column {
    std::string heading;
    JsonPath path;
  };
  ColumnsPrinter(std::vector<Column> columns, bool no_headers)
      : columns_(std::move(columns)), no_headers_(no_headers) {}

  absl::Status Print(const Value& object, Writer* out) override {
    if (writer_ == nullptr) {
      writer_ = std::make_unique<TabWriter>(out, TabWriter::Options{6, 3, true});
      if (!no_headers_) {
        std::vector<std::string> headings;
        for (const Column& column : columns_) headings.push_back(column.heading);
        writer_->Write(absl::StrCat(absl::StrJoin(headings, "\t"), "\n"));
      }
    }
    if (IsList(object)) {
      for (const Value& item : object.GetArray("items")) RETURN_IF_ERROR(PrintRow(item));
      return absl::OkStatus();
    }
    return PrintRow(object);
  }
  void Finish(Writer* out) override {
    if (writer_ != nullptr) writer_->Flush();
  }

 private:
  absl::Status PrintRow(const Value& object) {
    std::vector<std::string> cells;
    for (const Column& column : columns_) {
      ASSIGN_OR_RETURN(const auto results, column.path.FindResults(object));
      std::vector<std::string> values;
      for (const auto& found : results) {
        for (const Value* value : found) values.push_back(Cell(*value));
      }
      cells.push_back(values.empty() ? "<none>" : absl::StrJoin(values, ","));
    }
    writer_->Write(absl::StrCat(absl::StrJoin(cells, "\t"), "\n"));
    return absl::OkStatus();
  }
  // Go's %v: map[a:b c:d], [x y].
  static std::string Cell(const Value& value) {
    if (value.is_null()) return "<nil>";
    if (value.is_object()) {
      std::vector<std::string> parts;
      for (const auto& [key, member] : value.object())
        parts.push_back(absl::StrCat(key, ":", Cell(member)));
      std::sort(parts.begin(), parts.end());
      return absl::StrCat("map[", absl::StrJoin(parts, " "), "]");
    }
    if (value.is_array()) {
      std::vector<std::string> parts;
      for (const Value& item : value.array()) parts.push_back(Cell(item));
      return absl::StrCat("[", absl::StrJoin(parts, " "), "]");
    }
    return PlainText(value);
  }

  const std::vector<Column> columns_;
  const bool no_headers_;
  std::unique_ptr<TabWriter> writer_;
};

absl::StatusOr<std::unique_ptr<ObjectPrinter>> MakeColumns(absl::string_view spec, bool from_file,
                                                           bool no_headers) {
  std::vector<ColumnsPrinter::Column> columns;
  if (spec.empty()) return Error("custom-columns format specified but no custom columns given");
  std::vector<std::pair<std::string, std::string>> pairs;
  if (from_file) {
    const std::vector<absl::string_view> lines = absl::StrSplit(spec, '\n');
    if (lines.size() < 2 || lines[1].empty()) {
      return Error("invalid template, missing spec line. Expected format is one line of space separated headers, one line of "
                   "space separated column specs.");
    }
    const std::vector<std::string> headings =
        absl::StrSplit(lines[0], absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    const std::vector<std::string> paths =
        absl::StrSplit(lines[1], absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    for (size_t i = 0; i < headings.size() && i < paths.size(); ++i)
      pairs.emplace_back(headings[i], paths[i]);
  } else {
    for (const absl::string_view part : absl::StrSplit(spec, ',')) {
      const size_t colon = part.find(':');
      if (colon == absl::string_view::npos) {
        return Error(absl::StrCat("unexpected custom-columns spec: ", part,
                                  ", expected <header>:<json-path-expr>"));
      }
      pairs.emplace_back(part.substr(0, colon), part.substr(colon + 1));
    }
  }
  for (auto& [heading, expression] : pairs) {
    ASSIGN_OR_RETURN(JsonPath path, JsonPath::ParseRelaxed(expression));
    columns.push_back({heading, std::move(path)});
  }
  return std::make_unique<ColumnsPrinter>(std::move(columns), no_headers);
}

absl::Status UnknownFormat(const std::string& output, bool with_columns) {
  return Error(absl::StrCat(
      "unable to match a printer suitable for the output format \"", output,
      "\", allowed formats are: ", with_columns ? "custom-columns,custom-columns-file," : "",
      "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,"
      "template,templatefile,",
      with_columns ? "wide," : "", "yaml"));
}

}  // namespace

void DropManagedFields(Value* object) {
  if (Value* metadata = object->Find("metadata"); metadata != nullptr)
    metadata->Erase("managedFields");
  if (Value* items = object->Find("items"); items != nullptr && items->is_array()) {
    for (Value& item : items->array()) {
      if (item.is_object()) DropManagedFields(&item);
    }
  }
}

std::string ObjectName(const Value& object) {
  const std::string api_version = object.GetString("apiVersion");
  const size_t slash = api_version.find('/');
  const std::string kind = absl::AsciiStrToLower(object.GetString("kind"));
  const std::string name = object.GetString("metadata.name");
  if (slash == std::string::npos) return absl::StrCat(kind.empty() ? "<unknown>" : kind, "/", name);
  return absl::StrCat(kind, ".", api_version.substr(0, slash), "/", name);
}

void AddPrintFlags(FlagSet* flags, PrintOptions* options) {
  flags->String(&options->output, "output", "o",
                "Output format: json, yaml, name, a template or JSONPath.");
  flags->String(&options->template_text, "template", "",
                "Template, or the path of one, for -o=go-template and -o=go-template-file.");
  flags->Bool(&options->allow_missing_keys, "allow-missing-template-keys", "",
              "Print nothing, rather than fail, where a template names a field that is not there.");
  flags->Bool(&options->show_managed_fields, "show-managed-fields", "",
              "Keep metadata.managedFields in JSON and YAML.");
}

absl::StatusOr<std::unique_ptr<ObjectPrinter>> MakeObjectPrinter(const PrintOptions& options,
                                                                 bool with_columns) {
  const size_t equals = options.output.find('=');
  // Only templates and columns have something after an equals sign.
  const std::string lower = absl::AsciiStrToLower(options.output);
  const bool plain = lower == "json" || lower == "yaml" || lower == "name" || lower == "kyaml";
  const std::string format = plain ? lower : options.output.substr(0, equals);
  std::string argument =
      equals == std::string::npos ? options.template_text : options.output.substr(equals + 1);
  if (options.output.empty() && !options.template_text.empty()) {
    ASSIGN_OR_RETURN(auto tmpl, GoTemplate::Parse(options.template_text));
    return std::make_unique<GoTemplatePrinter>(std::move(tmpl), options.allow_missing_keys);
  }
  if (format.empty()) return std::make_unique<NamePrinter>(options.operation, false);
  const bool takes_none = format == "json" || format == "yaml" || format == "name" || format == "kyaml";
  if (takes_none && equals != std::string::npos) {
    return UnknownFormat(options.output, with_columns);
  }
  if (format == "name") return std::make_unique<NamePrinter>("", true);
  if (format == "json") return std::make_unique<JsonPrinter>(options);
  if (format == "yaml") return std::make_unique<YamlPrinter>(options);
  if (format == "kyaml") return std::make_unique<KyamlPrinter>(options);
  const bool file = absl::EndsWith(format, "-file") || format == "templatefile";
  if (format == "jsonpath" || format == "jsonpath-file" || format == "jsonpath-as-json") {
    if (argument.empty()) return Error("template format specified but no template given");
    if (file) {
      absl::StatusOr<std::string> text = base::ReadFile(argument);
      if (!text.ok())
        return Error(absl::StrCat("error reading --template ", argument, ", open ", argument,
                                  ": no such file or directory\n"));
      argument = *text;
    }
    absl::StatusOr<JsonPath> path = JsonPath::Parse(argument);
    if (!path.ok())
      return Error(
          absl::StrCat("error parsing jsonpath ", argument, ", ", path.status().message()));
    return std::make_unique<JsonPathPrinter>(*std::move(path), argument, options.allow_missing_keys,
                                             format == "jsonpath-as-json");
  }
  if (format == "go-template" || format == "template" || format == "go-template-file" ||
      format == "templatefile") {
    if (argument.empty()) return Error("template format specified but no template given");
    if (file) {
      absl::StatusOr<std::string> text = base::ReadFile(argument);
      if (!text.ok())
        return Error(absl::StrCat("error reading --template ", argument, ", open ", argument,
                                  ": no such file or directory\n"));
      argument = *text;
    }
    absl::StatusOr<std::unique_ptr<GoTemplate>> tmpl = GoTemplate::Parse(argument);
    if (!tmpl.ok())
      return Error(
          absl::StrCat("error parsing template ", argument, ", ", tmpl.status().message()));
    return std::make_unique<GoTemplatePrinter>(*std::move(tmpl), options.allow_missing_keys);
  }
  if (with_columns && format == "custom-columns")
    return MakeColumns(argument, false, options.no_headers);
  if (with_columns && format == "custom-columns-file") {
    const absl::StatusOr<std::string> text = base::ReadFile(argument);
    if (!text.ok())
      return Error(absl::StrCat("error reading template ", argument, ", open ", argument, ": no such file or directory"));
    return MakeColumns(*text, true, options.no_headers);
  }
  return UnknownFormat(options.output, with_columns);
}

}  // namespace kubectl
