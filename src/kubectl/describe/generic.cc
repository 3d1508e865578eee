// Kinds without a describer of their own: everything the object holds, with its field names made
// readable.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/jsonpath.h"
#include "kubectl/describe/parts.h"

namespace kubectl {

using apimachinery::PlainText;
namespace {

// "metadata" -> Metadata, "podIPs" -> Pod I Ps: one word for each capital, as upstream splits them.
std::string SmartLabel(absl::string_view field) {
  if (field.find_first_of("-./_") != absl::string_view::npos &&
      field.find('.') != absl::string_view::npos)
    return std::string(field);
  std::vector<std::string> words;
  std::string word;
  const auto kind = [](char c) {
    return absl::ascii_isupper(c) ? 2 : absl::ascii_islower(c) ? 1 : absl::ascii_isdigit(c) ? 3 : 4;
  };
  for (size_t i = 0; i < field.size(); ++i) {
    const bool boundary = i > 0 && (kind(field[i]) != kind(field[i - 1])) &&
                          !(kind(field[i]) == 1 && kind(field[i - 1]) == 2);
    const bool acronym_end = i > 0 && i + 1 < field.size() && kind(field[i]) == 2 &&
                             kind(field[i - 1]) == 2 && kind(field[i + 1]) == 1;
    if (boundary || acronym_end) {
      words.push_back(word);
      word.clear();
    }
    word += field[i];
  }
  if (!word.empty()) words.push_back(word);
  for (std::string& w : words) {
    const std::string lower = absl::AsciiStrToLower(w);
    if (lower == "api" || lower == "url" || lower == "uid" || lower == "oskernel" ||
        lower == "sctp" || lower == "tcp" || lower == "udp" || lower == "ip" || lower == "cidr")
      w = absl::AsciiStrToUpper(w);
    else
      w = absl::StrCat(std::string(1, absl::ascii_toupper(lower[0])), lower.substr(1));
  }
  return absl::StrJoin(words, " ");
}

bool Skipped(const std::string& path) {
  static const char* const kSkip[] = {".metadata.managedFields", ".metadata.name",
                                      ".metadata.namespace", ".metadata.labels",
                                      ".metadata.annotations"};
  return std::find(std::begin(kSkip), std::end(kSkip), path) != std::end(kSkip);
}

void WriteContent(DescribeWriter& w, int level, const Value& content, const std::string& prefix) {
  for (const auto* member : SortedMembers(&content)) {
    const std::string path = absl::StrCat(prefix, ".", member->key);
    const std::string label = SmartLabel(member->key);
    const Value& value = member->value;
    if (Skipped(path)) continue;
    if (value.is_object()) {
      w.Write(level, label, ":\n");
      WriteContent(w, level + 1, value, path);
    } else if (value.is_array()) {
      w.Write(level, label, ":\n");
      for (const Value& child : value.array()) {
        if (child.is_object())
          WriteContent(w, level + 1, child, path);
        else
          w.Write(level + 1, PlainText(child), "\n");
      }
    } else {
      w.Write(level, label, ":\t", value.is_null() ? "<nil>" : PlainText(value), "\n");
    }
  }
}

}  // namespace

void DescribeGeneric(const Value& object, Events events, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  WriteContent(w, 0, object, "");
  WriteEvents(w, events);
}

}  // namespace kubectl
