#include "apiserver/cache/json_bytes.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"

namespace apiserver::cache {
namespace {

// Where the value that starts at `at` ends.
size_t EndOf(absl::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        for (++at; at < text.size() && text[at] != '"'; ++at) {
          if (text[at] == '\\') ++at;
        }
        break;
      case '{':
      case '[': ++depth; continue;
      case '}':
      case ']': --depth; break;
      case ',':
        if (depth == 0) return at;
        continue;
      default:
        if (depth != 0) continue;
        while (at + 1 < text.size() && text[at + 1] != ',' && text[at + 1] != '}' && text[at + 1] != ']') ++at;
        break;
    }
    if (depth == 0) return at + 1;
    if (depth < 0) return at;
  }
  return text.size();
}

// The members of an object, in order.
class Members {
 public:
  explicit Members(absl::string_view object) : text_(object), at_(!object.empty() && object[0] == '{' ? 1 : object.size()) {}

  bool Next() {
    if (at_ < text_.size() && text_[at_] == ',') ++at_;
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    begin_ = at_;
    const size_t key_end = EndOf(text_, at_);
    if (key_end + 1 >= text_.size()) return false;
    key_ = text_.substr(at_ + 1, key_end - at_ - 2);
    at_ = EndOf(text_, key_end + 1);
    value_ = text_.substr(key_end + 1, at_ - key_end - 1);
    return true;
  }
  absl::string_view key() const { return key_; }  // escapes as written
  absl::string_view value() const { return value_; }
  size_t begin() const { return begin_; }  // of the member, in the object
  size_t end() const { return at_; }

 private:
  const absl::string_view text_;
  size_t at_, begin_ = 0;
  absl::string_view key_, value_;
};

}  // namespace

absl::string_view JsonMember(absl::string_view object, absl::string_view name) {
  for (Members members(object); members.Next();) {
    if (members.key() == name) return members.value();
    const bool passed = members.key() > name;  // they are sorted, by what their escapes stand for
    if (passed && members.key().find('\\') == absl::string_view::npos) break;
  }
  return absl::string_view();
}

std::string JsonWithResourceVersion(absl::string_view object, int64_t resource_version) {
  const absl::string_view metadata = JsonMember(object, "metadata");
  if (metadata.data() == nullptr) return std::string(object);
  size_t from = metadata.size() - 1, to = from;  // what is replaced, in `metadata`
  bool first = true, last = true;
  for (Members members(metadata); members.Next(); first = false) {
    if (members.key() < "resourceVersion") continue;
    from = members.begin();
    to = members.key() == "resourceVersion" ? members.end() : from;
    last = false;
    break;
  }
  const std::string member = absl::StrCat("\"resourceVersion\":\"", resource_version, "\"");
  const size_t start = static_cast<size_t>(metadata.data() - object.data());
  return absl::StrCat(object.substr(0, start + from), last && !first ? "," : "", member,
                      to == from && !last ? "," : "", object.substr(start + to));
}

absl::string_view JsonLabelValue(absl::string_view object, absl::string_view key) {
  const absl::string_view value = JsonMember(JsonMember(JsonMember(object, "metadata"), "labels"), key);
  return value.size() >= 2 && value[0] == '"' ? value.substr(1, value.size() - 2) : absl::string_view();
}

std::string JsonFieldText(absl::string_view object, absl::string_view path) {
  absl::string_view at = object;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    at = JsonMember(at, path.substr(0, dot));
    if (at.data() == nullptr) return "";
    path = dot == absl::string_view::npos ? absl::string_view() : path.substr(dot + 1);
  }
  if (at.empty() || at == "null" || at[0] == '{' || at[0] == '[') return "";
  if (at[0] != '"') return std::string(at);
  const auto text = apimachinery::ParseJson(at);
  return text.ok() && text->is_string() ? text->as_string() : "";
}

}  // namespace apiserver::cache
