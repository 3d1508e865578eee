// Reads a configuration file of the API server: which kinds it may hold, which members those have. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"

namespace apiserver::config_files {

// The type of a member, under Go's name for it (`[]v1.ResourceConfiguration`), which is what mistakes are told by.
struct Shape {
  enum class Type { kText, kFlag, kNumber, kObject, kList, kTexts, kAnything };
  std::string name;     // of the member
  Type type = Type::kText;
  std::string go_type;  // of objects and lists; an item's of lists is that without "[]"
  std::vector<Shape> members;  // of objects, and of the objects in lists
};
Shape Text(absl::string_view name);
Shape Flag(absl::string_view name);
Shape Number(absl::string_view name);
Shape Texts(absl::string_view name);  // []string
Shape Anything(absl::string_view name);
Shape Object(absl::string_view name, absl::string_view go_type, std::vector<Shape> members);
Shape List(absl::string_view name, absl::string_view go_item, std::vector<Shape> members);

struct FileKind {
  std::string kind;
  std::vector<std::string> versions;  // "apiserver.config.k8s.io/v1"
  std::vector<Shape> members;         // besides kind and apiVersion
};

// The file as a tree. InvalidArgument in the words of upstream's decoder: `Object 'Kind' is missing in '{}'`,
// `strict decoding error: unknown field "resources[0].bogus"`.
absl::StatusOr<apimachinery::Value> DecodeConfigFile(absl::string_view text, absl::Span<const FileKind> kinds);

}  // namespace apiserver::config_files
