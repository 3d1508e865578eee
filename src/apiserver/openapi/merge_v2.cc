#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apiserver/openapi/document_v2.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;

constexpr absl::string_view kPrefix = "#/definitions/";
using Renames = std::map<std::string, std::string>;

void Rename(const Renames& renames, Value* value) {
  if (value->is_array()) {
    for (Value& one : value->array()) Rename(renames, &one);
  }
  if (!value->is_object()) return;
  for (apimachinery::Member& member : value->object()) {
    absl::string_view target = member.key == "$ref" && member.value.is_string() ? absl::string_view(member.value.as_string()) : "";
    if (absl::ConsumePrefix(&target, kPrefix)) {
      if (const auto to = renames.find(std::string(target)); to != renames.end()) member.value = Value(absl::StrCat(kPrefix, to->second));
    } else {
      Rename(renames, &member.value);
    }
  }
}

// What matters of a definition: not its prose, nor which kinds it is.
Value Essence(const Value& value) {
  if (value.is_array()) {
    Value list = Value::MakeArray();
    for (const Value& one : value.array()) list.Append(Essence(one));
    return list;
  }
  if (!value.is_object()) return value;
  std::map<std::string, Value> members;
  for (const apimachinery::Member& member : value.object()) {
    const bool prose = member.key == "description" && member.value.is_string();
    if (!prose && member.key != "x-kubernetes-group-version-kind") members.emplace(member.key, Essence(member.value));
  }
  Value object = Value::MakeObject();
  for (auto& [key, member] : members) object.Set(key, std::move(member));
  return object;
}

// New names for the definitions of `theirs` whose names mean something else in `ours`.
Renames Conflicts(const Value& ours, const Value& theirs) {
  Renames renames;
  std::set<std::string> taken;
  for (const auto& [name, schema] : theirs.object()) {
    const Value* known = ours.Find(name);
    if (known == nullptr || Essence(*known) == Essence(schema)) continue;
    for (int number = 2;; ++number) {
      std::string fresh = absl::StrCat(name, "_v", number);
      const Value* other = ours.Find(fresh);
      const bool same = other != nullptr && Essence(*other) == Essence(schema);
      if (!same && (other != nullptr || theirs.Has(fresh) || !taken.insert(fresh).second)) continue;
      renames.emplace(name, std::move(fresh));
      break;
    }
  }
  return renames;
}

// Members of `from` that `to` lacks.
void Add(const Value* from, const Renames& renames, Value* to) {
  if (from == nullptr || !from->is_object()) return;
  for (const auto& [key, given] : from->object()) {
    const auto renamed = renames.find(key);
    const std::string& name = renamed == renames.end() ? key : renamed->second;
    if (to->Has(name)) continue;
    Value value = given;
    Rename(renames, &value);
    to->object().push_back({name, std::move(value)});
  }
}

void Sort(Value* object) {
  std::sort(object->object().begin(), object->object().end(), [](const auto& a, const auto& b) { return a.key < b.key; });
}

}  // namespace

void MergeV2(const Value& other, Value* document) {
  const Value* definitions = other.Find("definitions");
  Renames renames;
  if (definitions != nullptr && definitions->is_object()) renames = Conflicts((*document)["definitions"], *definitions);
  Add(definitions, renames, &(*document)["definitions"]);
  Add(other.Find("parameters"), {}, &(*document)["parameters"]);
  const Value* paths = other.Find("paths");
  if (paths != nullptr && paths->is_object()) {
    for (const auto& [path, given] : paths->object()) {
      if ((*document)["paths"].Has(path)) continue;
      Value item = given;
      Rename(renames, &item);
      (*document)["paths"].object().push_back({path, std::move(item)});
    }
  }
  for (const char* member : {"definitions", "parameters", "paths"}) Sort(&(*document)[member]);
}

}  // namespace apiserver::openapi
