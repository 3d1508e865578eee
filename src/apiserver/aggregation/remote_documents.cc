#include "apiserver/aggregation/remote_documents.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;

// Clients rely on a kind being there, even an empty one.
Value KindOf(const Value* given) {
  Value kind;
  for (const char* member : {"group", "version", "kind"}) kind[member] = given == nullptr ? "" : given->GetString(member);
  return kind;
}

void CopyList(const Value& from, const char* member, Value* to) {
  if (!from.GetArray(member).empty()) (*to)[member] = Value(from.GetArray(member));
}

Value ResourceOf(const Value& given) {
  Value resource;
  resource["resource"] = given.GetString("resource");
  resource["responseKind"] = KindOf(given.Find("responseKind"));
  resource["scope"] = given.GetString("scope");
  resource["singularResource"] = given.GetString("singularResource");
  resource["verbs"] = Value(given.GetArray("verbs"));
  CopyList(given, "shortNames", &resource);
  CopyList(given, "categories", &resource);
  for (const Value& below : given.GetArray("subresources")) {
    Value sub;
    sub["subresource"] = below.GetString("subresource");
    sub["responseKind"] = KindOf(below.Find("responseKind"));
    CopyList(below, "acceptedTypes", &sub);
    sub["verbs"] = Value(below.GetArray("verbs"));
    resource["subresources"].Append(std::move(sub));
  }
  return resource;
}

Value Entry(absl::string_view version, std::vector<Value> resources, Freshness freshness) {
  Value entry;
  entry["version"] = version;
  for (Value& resource : resources) entry["resources"].Append(std::move(resource));
  entry["freshness"] = freshness == Freshness::kCurrent ? "Current" : "Stale";
  return entry;
}

// "things/status" as an entry of an APIResourceList.
void AddSubresource(const Value& given, absl::string_view name, Value* parent) {
  Value sub;
  sub["subresource"] = name;
  sub["responseKind"] = KindOf(&given);
  sub["verbs"] = Value(given.GetArray("verbs"));
  (*parent)["subresources"].Append(std::move(sub));
}

void Collect(const Value& value, std::set<std::string>* names) {
  if (value.is_array()) {
    for (const Value& one : value.array()) Collect(one, names);
  }
  if (!value.is_object()) return;
  for (const apimachinery::Member& member : value.object()) {
    absl::string_view target = member.key == "$ref" && member.value.is_string() ? absl::string_view(member.value.as_string()) : "";
    if (absl::ConsumePrefix(&target, "#/definitions/")) {
      names->emplace(target);
    } else {
      Collect(member.value, names);  // the parser bounds its depth
    }
  }
}

}  // namespace

bool IsAggregatedDiscovery(absl::string_view content_type) {
  bool group = false, version = false, kind = false;
  for (const absl::string_view part : absl::StrSplit(content_type, ';')) {
    const absl::string_view word = absl::StripAsciiWhitespace(part);
    group |= word == "g=apidiscovery.k8s.io";
    version |= word == "v=v2" || word == "v=v2beta1";
    kind |= word == "as=APIGroupDiscoveryList";
  }
  return group && version && kind;
}

Value EntryOfAggregated(const Value& list, absl::string_view group, absl::string_view version) {
  for (const Value& item : list.GetArray("items")) {
    if (item.GetString("metadata.name") != group) continue;
    for (const Value& entry : item.GetArray("versions")) {
      if (entry.GetString("version") != version) continue;
      std::vector<Value> resources;
      for (const Value& given : entry.GetArray("resources")) resources.push_back(ResourceOf(given));
      return Entry(version, std::move(resources), Freshness::kCurrent);
    }
  }
  return Entry(version, {}, Freshness::kCurrent);
}

Value EntryOfResources(const Value& list, absl::string_view version) {
  std::vector<Value> resources;
  const auto named = [&](absl::string_view name) {
    return std::find_if(resources.begin(), resources.end(), [&](const Value& r) { return r.GetString("resource") == name; });
  };
  for (const Value& given : list.GetArray("resources")) {
    const std::vector<std::string> name = absl::StrSplit(given.GetString("name"), absl::MaxSplits('/', 1));
    Value resource;
    resource["resource"] = name[0];
    resource["responseKind"] = name.size() == 1 ? KindOf(&given) : KindOf(nullptr);
    const Value* namespaced = given.Find("namespaced");
    resource["scope"] = namespaced != nullptr && *namespaced == Value(true) ? "Namespaced" : "Cluster";
    auto known = named(name[0]);
    if (name.size() == 2) {
      if (known == resources.end()) known = resources.insert(known, std::move(resource));
      AddSubresource(given, name[1], &*known);
      continue;
    }
    resource["singularResource"] = given.GetString("singularName");
    resource["verbs"] = Value(given.GetArray("verbs"));
    CopyList(given, "shortNames", &resource);
    CopyList(given, "categories", &resource);
    if (known == resources.end()) {
      resources.push_back(std::move(resource));
    } else {  // its subresource came first
      CopyList(*known, "subresources", &resource);
      *known = std::move(resource);
    }
  }
  return Entry(version, std::move(resources), Freshness::kCurrent);
}

Value EntryOfNobody(absl::string_view version) { return Entry(version, {}, Freshness::kStale); }

std::map<std::string, std::string> DocumentsOf(const Value& index) {
  std::map<std::string, std::string> documents;
  const Value* paths = index.Find("paths");
  if (paths == nullptr || !paths->is_object()) return documents;
  for (const apimachinery::Member& member : paths->object()) {
    documents.emplace(member.key, member.value.GetString("serverRelativeURL"));
  }
  return documents;
}

Value FilterV2(const Value& document, absl::string_view prefix) {
  Value filtered;
  filtered["paths"] = Value::MakeObject();
  filtered["definitions"] = Value::MakeObject();
  filtered["parameters"] = Value::MakeObject();
  const Value* paths = document.Find("paths");
  if (paths == nullptr || !paths->is_object()) return filtered;
  std::set<std::string> wanted;
  for (const apimachinery::Member& member : paths->object()) {
    if (!absl::StartsWith(member.key, prefix)) continue;
    Collect(member.value, &wanted);
    filtered["paths"][member.key] = member.value;
  }
  const Value* parameters = document.Find("parameters");
  if (parameters != nullptr && parameters->is_object()) filtered["parameters"] = *parameters;
  const Value* definitions = document.Find("definitions");
  std::vector<std::string> next(wanted.begin(), wanted.end());
  while (definitions != nullptr && !next.empty()) {
    const std::string name = std::move(next.back());
    next.pop_back();
    const Value* definition = definitions->Find(name);
    if (definition == nullptr || filtered["definitions"].Has(name)) continue;
    filtered["definitions"][name] = *definition;
    std::set<std::string> more;
    Collect(*definition, &more);
    next.insert(next.end(), more.begin(), more.end());
  }
  return filtered;
}

}  // namespace apiserver::aggregation
