#include "apiserver/config_files/config_file.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/yaml.h"
#include "base/status_macros.h"

namespace apiserver::config_files {
namespace {

using apimachinery::GoQuote;
using apimachinery::Value;

absl::string_view JsonType(const Value& value) {
  if (value.is_bool()) return "bool";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

// Holds a tree against shapes. As deep as the shapes are, which hold no cycles.
class Checker {
 public:
  // `go_type` is the struct that holds the members, `at` what stands before their names, `type_path` the same without
  // indexes.
  absl::Status Members(const Value& object, const std::vector<Shape>& members, const std::string& go_type, const std::string& at,
                       const std::string& type_path) {
    for (const auto& [name, value] : object.object()) {
      const auto shape = std::find_if(members.begin(), members.end(), [&name = name](const Shape& s) { return s.name == name; });
      if (shape == members.end()) {
        unknown_.push_back(absl::StrCat("unknown field ", GoQuote(absl::StrCat(at, name))));
        continue;
      }
      RETURN_IF_ERROR(Member(value, *shape, go_type, absl::StrCat(at, name), absl::StrCat(type_path, name)));
    }
    return absl::OkStatus();
  }

  const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  static absl::Status Wrong(const Value& value, const std::string& go_type, const std::string& type_path, absl::string_view want) {
    return absl::InvalidArgumentError(absl::StrCat("json: cannot unmarshal ", JsonType(value), " into Go struct field ", go_type, ".",
                                                   type_path, " of type ", want));
  }

  absl::Status Member(const Value& value, const Shape& shape, const std::string& go_type, const std::string& at,
                      const std::string& type_path) {
    if (value.is_null()) return absl::OkStatus();
    switch (shape.type) {
      case Shape::Type::kText: return value.is_string() ? absl::OkStatus() : Wrong(value, go_type, type_path, "string");
      case Shape::Type::kFlag: return value.is_bool() ? absl::OkStatus() : Wrong(value, go_type, type_path, "bool");
      case Shape::Type::kNumber: return value.is_number() ? absl::OkStatus() : Wrong(value, go_type, type_path, "int32");
      case Shape::Type::kAnything: return absl::OkStatus();
      case Shape::Type::kObject:
        if (!value.is_object()) return Wrong(value, go_type, type_path, shape.go_type);
        return Members(value, shape.members, Bare(shape.go_type), at + ".", type_path + ".");
      case Shape::Type::kTexts:
      case Shape::Type::kList: break;
    }
    if (!value.is_array()) return Wrong(value, go_type, type_path, absl::StrCat("[]", shape.go_type));
    for (size_t i = 0; i < value.array().size(); ++i) {
      const Value& item = value.array()[i];
      if (shape.type == Shape::Type::kTexts) {
        if (!item.is_string()) return Wrong(item, go_type, type_path, "string");
        continue;
      }
      if (!item.is_object()) return Wrong(item, go_type, type_path, shape.go_type);
      RETURN_IF_ERROR(Members(item, shape.members, Bare(shape.go_type), absl::StrCat(at, "[", i, "]."), type_path + "."));
    }
    return absl::OkStatus();
  }

  static std::string Bare(absl::string_view go_type) { return std::string(absl::StripPrefix(go_type, "v1.")); }

  std::vector<std::string> unknown_;
};

Shape Of(absl::string_view name, Shape::Type type, absl::string_view go_type = "", std::vector<Shape> members = {}) {
  return {std::string(name), type, std::string(go_type), std::move(members)};
}

}  // namespace

Shape Text(absl::string_view name) { return Of(name, Shape::Type::kText); }
Shape Flag(absl::string_view name) { return Of(name, Shape::Type::kFlag); }
Shape Number(absl::string_view name) { return Of(name, Shape::Type::kNumber); }
Shape Texts(absl::string_view name) { return Of(name, Shape::Type::kTexts, "string"); }
Shape Anything(absl::string_view name) { return Of(name, Shape::Type::kAnything); }
Shape Object(absl::string_view name, absl::string_view go_type, std::vector<Shape> members) {
  return Of(name, Shape::Type::kObject, go_type, std::move(members));
}
Shape List(absl::string_view name, absl::string_view go_item, std::vector<Shape> members) {
  return Of(name, Shape::Type::kList, go_item, std::move(members));
}

absl::StatusOr<Value> DecodeConfigFile(absl::string_view text, absl::Span<const FileKind> kinds) {
  std::vector<std::string> duplicates;
  absl::StatusOr<Value> parsed = apimachinery::ParseYaml(text, &duplicates);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StripPrefix(parsed.status().message(), "error converting YAML to JSON: "));
  }
  Value& file = *parsed;
  if (!file.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("couldn't get version/kind; json parse error: json: cannot unmarshal ", JsonType(file),
                                                   " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                                                   "Kind string \"json:\\\"kind,omitempty\\\"\" }"));
  }
  const std::string kind = file.GetString("kind"), version = file.GetString("apiVersion");
  for (const auto& [value, name] : {std::pair(&kind, "Kind"), std::pair(&version, "apiVersion")}) {
    if (value->empty()) return absl::InvalidArgumentError(absl::StrCat("Object '", name, "' is missing in '", text, "'"));
  }
  for (const FileKind& known : kinds) {
    if (known.kind != kind || std::find(known.versions.begin(), known.versions.end(), version) == known.versions.end()) continue;
    std::vector<Shape> members = known.members;
    members.push_back(Text("kind"));
    members.push_back(Text("apiVersion"));
    Checker checker;
    RETURN_IF_ERROR(checker.Members(file, members, kind, "", ""));
    std::vector<std::string> problems = duplicates;
    for (const std::string& unknown : checker.unknown()) problems.push_back(unknown);
    if (!problems.empty()) return absl::InvalidArgumentError(absl::StrCat("strict decoding error: ", absl::StrJoin(problems, ", ")));
    return std::move(file);
  }
  return absl::InvalidArgumentError(absl::StrCat("no kind ", GoQuote(kind), " is registered for version ", GoQuote(version),
                                                 " in scheme \"pkg/runtime/scheme.go:111\""));
}

}  // namespace apiserver::config_files
