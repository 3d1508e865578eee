#include "apiserver/validation/go_json.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/json.h"

namespace apiserver::validation {
namespace {

using apimachinery::Value;

// A line a type: its name, then its members as Name[?][<source]:type, "?" for those left out when empty, "<" before the
// name in v1 where more than the case differs. A type is s(tring),
// n(umber), b(ool), q(uantity), t(ime), i (number or string), x (any JSON, members sorted), r (any JSON as it was written),
// another line's name, or one of these after "*", "[]" or "{}".
constexpr char kTypes[] =
#include "apiserver/validation/go_types.inc"
    ;

struct Member {
  absl::string_view name, type, source;
  bool omitted = false;
};
using Types = absl::flat_hash_map<absl::string_view, std::vector<Member>>;

const Types& AllTypes() {
  static const Types& types = *[] {
    auto* out = new Types();
    for (absl::string_view line : absl::StrSplit(kTypes, '\n', absl::SkipEmpty())) {
      const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
      std::vector<Member>& members = (*out)[words[0]];
      for (size_t i = 1; i < words.size(); ++i) {
        const size_t colon = words[i].find(':');
        Member member{words[i].substr(0, colon), words[i].substr(colon + 1), "", false};
        member.source = member.name;
        if (const size_t from = member.name.find('<'); from != absl::string_view::npos) {
          member.source = member.name.substr(from + 1);
          member.name = member.name.substr(0, from);
        }
        if (absl::EndsWith(member.name, "?")) {
          member.name.remove_suffix(1);
          member.source = member.name;
          member.omitted = true;
        }
        members.push_back(member);
      }
    }
    return out;
  }();
  return types;
}

const Value* FindIgnoringCase(const Value& object, absl::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& [key, value] : object.object()) {
    if (absl::EqualsIgnoreCase(key, name)) return &value;
  }
  return nullptr;
}

bool Empty(const Value& v) {
  if (v.is_null()) return true;
  if (v.is_string()) return v.as_string().empty();
  if (v.is_array() || v.is_object()) return v.empty();
  if (v.is_int()) return v.as_int() == 0;
  return v.is_bool() && !v.as_bool();
}

class Printer {
 public:
  explicit Printer(bool pretty) : pretty_(pretty) {}
  std::string Take() { return std::move(out_); }

  void Print(absl::string_view type, const Value* v) {
    if (v != nullptr && v->is_hollow()) return Add(v->is_hollow_list() ? "[]" : "{}");
    if (v != nullptr && v->is_null()) v = nullptr;
    if (absl::ConsumePrefix(&type, "*")) {
      if (v == nullptr) return Add("null");
      return Print(type, v);
    }
    if (absl::ConsumePrefix(&type, "[]")) return List(type, v);
    if (absl::ConsumePrefix(&type, "{}")) return Map(type, v);
    if (type.size() > 1) return Struct(type, v);
    if (v != nullptr && type == "x") {
      Value any = *v;
      apimachinery::SortKeys(&any);
      return Add(apimachinery::WriteJson(any));
    }
    if (v != nullptr) return Add(apimachinery::WriteJson(*v));
    switch (type[0]) {
      case 's': return Add("\"\"");
      case 'b': return Add("false");
      case 'q': return Add("\"0\"");
      case 'n': case 'i': return Add("0");
      default: return Add("null");
    }
  }

 private:
  void Add(absl::string_view text) { absl::StrAppend(&out_, text); }
  void Line() {
    if (pretty_) absl::StrAppend(&out_, "\n", std::string(depth_, ' '));
  }
  void Open(absl::string_view bracket) {
    Add(bracket);
    ++depth_;
    first_ = true;
  }
  void Next() {
    if (!first_) Add(",");
    first_ = false;
    Line();
  }
  void Close(absl::string_view bracket) {
    --depth_;
    if (!first_) Line();
    Add(bracket);
    first_ = false;
  }
  void Key(absl::string_view name) {
    Next();
    absl::StrAppend(&out_, apimachinery::WriteJson(Value(name)), pretty_ ? ": " : ":");
  }

  void List(absl::string_view type, const Value* v) {
    if (v == nullptr) return Add("null");
    if (!v->is_array()) return Add(apimachinery::WriteJson(*v));  // bytes
    Open("[");
    for (const Value& item : v->array()) {
      Next();
      Print(type, &item);
    }
    Close("]");
  }

  void Map(absl::string_view type, const Value* v) {
    if (v == nullptr || !v->is_object()) return Add("null");
    Open("{");
    std::vector<absl::string_view> keys;
    for (const auto& [key, value] : v->object()) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    for (absl::string_view key : keys) {
      Key(key);
      Print(type, v->Find(key));
    }
    Close("}");
  }

  void Struct(absl::string_view type, const Value* v) {
    const auto found = AllTypes().find(type);
    if (found == AllTypes().end()) return Add(v == nullptr ? "{}" : apimachinery::WriteJson(*v));
    static const Value& none = *new Value(Value::MakeObject());
    if (absl::StrContains(type, "JSONSchemaPropsOr") && v != nullptr) {
      const Value either = Either(*v);
      return Members(type, found->second, either);
    }
    Members(type, found->second, v == nullptr ? none : *v);
  }

  // A schema or something simpler, with the members of the struct that holds either.
  static Value Either(const Value& v) {
    Value out = Value::MakeObject();
    if (v.is_object()) {
      out.Set("Schema", v);
      out.Set("Allows", true);
    } else if (v.is_array()) {
      out.Set("JSONSchemas", v);
      out.Set("Property", v);
    } else if (v.is_bool()) {
      out.Set("Allows", v);
    }
    return out;
  }

  void Members(absl::string_view type, const std::vector<Member>& members, const Value& object) {
    Open("{");
    for (const Member& member : members) {
      const Value* value = FindIgnoringCase(object, member.source);
      // The internal template holds its metadata inline, and the host's namespaces in the security context.
      if (value == nullptr && absl::StrContains(type, "Template")) {
        if (const Value* metadata = object.Find("metadata")) value = metadata->FindSet(member.name);
      }
      if (member.omitted && (value == nullptr || Empty(*value))) continue;
      Key(member.name);
      if (type == "core.PodSpec" && member.name == "SecurityContext") {
        Value context = value == nullptr ? Value::MakeObject() : *value;
        for (const char* key : {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"}) {
          if (const Value* from = object.Find(key)) context.Set(key, *from);
        }
        Print(member.type, &context);
      } else {
        Print(member.type, value);
      }
    }
    Close("}");
  }

  const bool pretty_;
  std::string out_;
  int depth_ = 0;
  bool first_ = true;
};

}  // namespace

std::string GoJson(absl::string_view type, const Value& value, bool pretty) {
  Printer printer(pretty);
  printer.Print(type, &value);
  return printer.Take();
}

void InvalidAs(FieldErrors& e, const Path& path, absl::string_view type, const Value* value, absl::string_view detail) {
  e.Add({apimachinery::FieldError::Type::kInvalid, apimachinery::FieldPath(path).ToString(),
         GoJson(type, value == nullptr ? Value() : *value), std::string(detail)});
}

void ImmutableAs(FieldErrors& e, const Path& path, absl::string_view type, const Value* value, const Value* old) {
  if (!SameValue(value, old)) InvalidAs(e, path, type, value, kImmutable);
}

}  // namespace apiserver::validation
