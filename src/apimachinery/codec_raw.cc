// Where free JSON lies inside the API types: upstream keeps its text as the client wrote it, blanks included.
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"

namespace apimachinery {
namespace {

// Types that hold themselves (JSON schemas) have no such members.
void Collect(const Message& message, const std::string& prefix, std::set<const Message*>* open,
             std::vector<std::string>* out) {
  if (!open->insert(&message).second) return;
  for (const Field* field : message.flat) {
    if (field->message == nullptr) continue;
    const std::string path = absl::StrCat(prefix, prefix.empty() ? "" : ".", field->json, field->is_list() ? "[]" : "");
    if (field->message->shape == Shape::kRawExtension) {
      out->push_back(path);
    } else if (field->message->shape == Shape::kStruct && !field->is_map()) {
      Collect(*field->message, path, open, out);
    }
  }
  open->erase(&message);
}

}  // namespace

absl::Span<const std::string> VerbatimMembers(const Message& message) {
  static const auto& all = *[] {
    auto* made = new std::map<const Message*, std::vector<std::string>>();
    for (const Kind& kind : Schema::Builtin().kinds()) {
      if (kind.message == nullptr) continue;
      std::set<const Message*> open;
      std::vector<std::string> paths;
      Collect(*kind.message, "", &open, &paths);
      if (!paths.empty()) made->emplace(kind.message, std::move(paths));
    }
    return made;
  }();
  const auto found = all.find(&message);
  return found == all.end() ? absl::Span<const std::string>() : found->second;
}

}  // namespace apimachinery
