// Roles, cluster roles and their bindings.
#include <algorithm>
#include <map>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

struct Rule {
  std::string group, resource, name, url;
  bool has_name = false;
  std::vector<std::string> verbs;

  std::string Resource() const {
    if (resource.empty()) return "";
    const std::vector<std::string> parts = absl::StrSplit(resource, absl::MaxSplits('/', 1));
    return absl::StrCat(parts[0], group.empty() ? "" : ".", group, parts.size() > 1 ? "/" : "",
                        parts.size() > 1 ? parts[1] : "");
  }
  // What the rules are sorted by: their printed form upstream.
  std::string Key() const {
    return absl::StrCat("Verbs:[", absl::StrJoin(verbs, " "), "],APIGroups:[", group,
                        "],Resources:[", resource, "],ResourceNames:[", name, "],NonResourceURLs:[",
                        url, "]");
  }
};

// A rule for each single (group, resource, name), verbs gathered; paths stay apart.
std::vector<Rule> Break(const Array& rules) {
  std::vector<Rule> result;
  std::map<std::string, size_t> known;
  const auto add = [&](const Rule& rule, const std::string& verb) {
    const std::string key =
        absl::StrCat(rule.group, "|", rule.resource, "|", rule.has_name, "|", rule.name);
    if (rule.url.empty()) {
      const auto [it, inserted] = known.emplace(key, result.size());
      if (!inserted) {
        result[it->second].verbs.push_back(verb);
        return;
      }
    }
    result.push_back(rule);
    result.back().verbs = {verb};
  };
  for (const Value& rule : rules) {
    for (const Value& group : rule.GetArray("apiGroups")) {
      for (const Value& resource : rule.GetArray("resources")) {
        for (const Value& verb : rule.GetArray("verbs")) {
          Rule one;
          one.group = group.as_string();
          one.resource = resource.as_string();
          if (rule.GetArray("resourceNames").empty()) add(one, verb.as_string());
          for (const Value& name : rule.GetArray("resourceNames")) {
            one.name = name.as_string();
            one.has_name = true;
            add(one, verb.as_string());
          }
        }
      }
    }
    for (const Value& url : rule.GetArray("nonResourceURLs")) {
      for (const Value& verb : rule.GetArray("verbs")) {
        Rule one;
        one.url = url.as_string();
        add(one, verb.as_string());
      }
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const Rule& a, const Rule& b) { return a.Key() < b.Key(); });
  return result;
}

}  // namespace

std::vector<PolicyRow> PolicyRows(const Array& rules) {
  std::vector<PolicyRow> rows;
  for (const Rule& rule : Break(rules))
    rows.push_back({rule.Resource(), rule.url, rule.name, rule.verbs});
  return rows;
}

void DescribeRole(const Value& object, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "PolicyRule:\n");
  w.Write(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
  w.Write(1, "---------\t-----------------\t--------------\t-----\n");
  for (const Rule& rule : Break(object.GetArray("rules"))) {
    w.Write(1, rule.Resource(), "\t[", rule.url, "]\t[", rule.name, "]\t[",
            absl::StrJoin(rule.verbs, " "), "]\n");
  }
}

void DescribeBinding(const Value& object, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
  w.Write(0, "Role:\n");
  w.Write(1, "Kind:\t", object.GetString("roleRef.kind"), "\n");
  w.Write(1, "Name:\t", object.GetString("roleRef.name"), "\n");
  w.Write(0, "Subjects:\n");
  w.Write(1, "Kind\tName\tNamespace\n");
  w.Write(1, "----\t----\t---------\n");
  for (const Value& subject : object.GetArray("subjects")) {
    w.Write(1, subject.GetString("kind"), "\t", subject.GetString("name"), "\t",
            subject.GetString("namespace"), "\n");
  }
}

}  // namespace kubectl
